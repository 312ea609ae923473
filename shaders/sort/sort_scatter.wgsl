// Moves a tile's keys and values to their places, keeping the order of equal digits. `histogram` has been
// scanned.

// keys that a thread takes: tile / WORKGROUP, at most 15, so that a count fits four bits
override SHARE: u32;
// Counts of 16 digits for each thread, two digits in a word: prefix[pair * WORKGROUP + thread]. A tile has
// fewer than 65,536 keys, so that sums fit 16 bits.
var<workgroup> prefix: array<u32, WORKGROUP * 8u>;
var<workgroup> partial: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups);
    let begin = min(tile * params.tile + lane * SHARE, params.len);
    let end = min(begin + SHARE, params.len);

    // sixteen counters of four bits
    var low = 0u;
    var high = 0u;
    for (var i = begin; i < end; i++) {
        let digit = (keys_in[i] >> params.shift) & (params.digits - 1u);
        let one = 1u << ((digit & 7u) * 4u);
        if (digit < 8u) {
            low += one;
        } else {
            high += one;
        }
    }
    for (var pair = 0u; pair < 4u; pair++) {
        let shift = pair * 8u;
        prefix[pair * WORKGROUP + lane] = ((low >> shift) & 15u) | (((low >> (shift + 4u)) & 15u) << 16u);
        prefix[(pair + 4u) * WORKGROUP + lane] = ((high >> shift) & 15u) | (((high >> (shift + 4u)) & 15u) << 16u);
    }
    workgroupBarrier();

    // Exclusive scan over the threads, for all pairs of digits at once: a thread sums 8 neighbouring words of
    // one pair, the sums are scanned among the WORKGROUP / 8 threads of the pair, and the words filled in.
    let row = lane * 8u;
    let members = WORKGROUP / 8u;
    let member = lane % members;
    var sum = 0u;
    for (var k = 0u; k < 8u; k++) {
        sum += prefix[row + k];
    }
    partial[lane] = sum;
    for (var reach = 1u; reach < members; reach *= 2u) {
        workgroupBarrier();
        var before = 0u;
        if (member >= reach) {
            before = partial[lane - reach];
        }
        workgroupBarrier();
        partial[lane] += before;
    }
    var running = partial[lane] - sum;
    for (var k = 0u; k < 8u; k++) {
        let count = prefix[row + k];
        prefix[row + k] = running;
        running += count;
    }
    workgroupBarrier();

    low = 0u;
    high = 0u;
    for (var i = begin; i < end; i++) {
        let key = keys_in[i];
        let digit = (key >> params.shift) & (params.digits - 1u);
        let nibble = (digit & 7u) * 4u;
        var before = (low >> nibble) & 15u;
        if (digit < 8u) {
            low += 1u << nibble;
        } else {
            before = (high >> nibble) & 15u;
            high += 1u << nibble;
        }
        let word = prefix[(digit / 2u) * WORKGROUP + lane];
        let place = histogram[digit * params.tiles + tile] + ((word >> ((digit & 1u) * 16u)) & 0xffffu) + before;
        keys_out[place] = key;
        if (params.first == 1u) {
            values_out[place] = i;
        } else {
            values_out[place] = values_in[i];
        }
    }
}
