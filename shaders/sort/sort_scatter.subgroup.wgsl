// sort_scatter for devices with subgroups of 8 to 32 threads: each subgroup ranks the keys of a stretch of the
// tile by ballots, all bits of their digits at once, where the portable variant takes four bits a round.

// Keys of a thread: tile / WORKGROUP.
const SHARE: u32 = 26u;
// at most 256 digits here, two a thread
const DIGITS: u32 = 256u;

// First a counter for each digit and subgroup, two a word, then the tile in order: words of digit and position.
var<workgroup> words: array<atomic<u32>, SHARE * WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) place: u32,
    @builtin(subgroup_size) size: u32,
) {
    let tile = group_index(group, groups);
    let begin = min(tile * params.tile, params.len);
    let count = min(params.len - begin, params.tile);
    let subgroups = WORKGROUP / size;
    // counters of a digit
    let pairs = subgroups / 2u;

    // the first places of the tile's keys of the thread's two digits
    let digits = 2u * lane + vec2<u32>(0u, 1u);
    var totals = vec2<u32>();
    if (digits.x < params.digits) {
        totals.x = histogram[params.digits * params.tiles + digits.x];
    }
    if (digits.y < params.digits) {
        totals.y = histogram[params.digits * params.tiles + digits.y];
    }
    let before = scanned(lane, totals.x + totals.y) - totals.x - totals.y;
    var first = before + vec2<u32>(0u, totals.x);
    if (digits.x < params.digits && tile < params.tiles) {
        first.x += histogram[digits.x * params.tiles + tile];
    }
    if (digits.y < params.digits && tile < params.tiles) {
        first.y += histogram[digits.y * params.tiles + tile];
    }

    for (var i = lane; i < DIGITS * pairs; i += WORKGROUP) {
        atomicStore(&words[i], 0u);
    }
    workgroupBarrier();

    // digits, and ranks among the subgroup's keys of the same digit
    let bits = countOneBits(params.digits - 1u);
    let stretch = subgroup * SHARE * size + place;
    let half = (subgroup % 2u) * 16u;
    var mine: array<u32, SHARE>;
    for (var k = 0u; k < SHARE; k++) {
        let i = stretch + k * size;
        // what lies behind the last key stays behind it, as the last of the largest digit
        var digit = params.digits - 1u;
        if (i < count) {
            digit = digit_of(keys_in[begin + i]);
        }
        let peers = peers_of(digit, bits);
        let leader = firstTrailingBit(peers);
        var counted = 0u;
        if (place == leader) {
            counted = atomicAdd(&words[digit * pairs + subgroup / 2u], countOneBits(peers) << half);
        }
        counted = subgroupShuffle(counted, leader);
        let rank = ((counted >> half) & 0xffffu) + countOneBits(peers & ((1u << place) - 1u));
        mine[k] = (digit << 16u) | rank;
    }
    workgroupBarrier();

    // where each subgroup's keys of each digit begin in the tile; a tile has fewer than 65,536
    var sum = 0u;
    for (var k = 0u; k < subgroups; k++) {
        let word = atomicLoad(&words[lane * subgroups + k]);
        sum += (word & 0xffffu) + (word >> 16u);
    }
    var running = scanned(lane, sum) - sum;
    for (var k = 0u; k < subgroups; k++) {
        let word = atomicLoad(&words[lane * subgroups + k]);
        let second = running + (word & 0xffffu);
        atomicStore(&words[lane * subgroups + k], running | (second << 16u));
        running = second + (word >> 16u);
    }
    workgroupBarrier();
    for (var k = 0u; k < SHARE; k++) {
        let digit = mine[k] >> 16u;
        let counted = atomicLoad(&words[digit * pairs + subgroup / 2u]);
        // digits stay in the upper half: places are below 65,536
        mine[k] += (counted >> half) & 0xffffu;
    }
    workgroupBarrier();
    for (var k = 0u; k < SHARE; k++) {
        let i = stretch + k * size;
        atomicStore(&words[mine[k] & 0xffffu], (mine[k] & 0xffff0000u) | i);
    }
    workgroupBarrier();

    // from places in the tile to places in all
    for (var k = 0u; k < SHARE; k++) {
        let i = k * WORKGROUP + lane;
        let digit = atomicLoad(&words[i]) >> 16u;
        var last = params.digits;
        if (i > 0u) {
            last = atomicLoad(&words[i - 1u]) >> 16u;
        }
        if (digit != last) {
            partial[digit] = i;
        }
    }
    workgroupBarrier();
    first -= vec2<u32>(partial[digits.x], partial[digits.y]);
    workgroupBarrier();
    partial[digits.x] = first.x;
    partial[digits.y] = first.y;
    workgroupBarrier();
    for (var k = 0u; k < SHARE; k++) {
        let i = k * WORKGROUP + lane;
        if (i < count) {
            let word = atomicLoad(&words[i]);
            move_to(partial[word >> 16u] + i, begin + (word & 0xffffu));
        }
    }
}
