// Moves a tile's keys and values to their places, keeping the order of equal digits.
//
// The tile is sorted by its digits in workgroup memory first, four bits at a time, so that what is written to
// a digit's place lies side by side. What is sorted are words of digit and position in the tile; keys and
// values are read again by these positions, from a cache.

// Keys of a thread: tile / WORKGROUP. Odd, for the banks of workgroup memory; at most 15, so that a count fits
// four bits.
const SHARE: u32 = 13u;

// First the counters of 16 digits for each thread, then the tile in order.
var<workgroup> words: array<u32, SHARE * WORKGROUP>;

// Where the counter of a thread and of two digits lies; the digits' counters are summed in the order of
// digits, and of threads for each.
fn counter(pair: u32, lane: u32) -> u32 {
    let place = pair * WORKGROUP + lane;
    return counter_in(place & 7u, place >> 3u);
}

// Rows of a multiple of 32 words would lie in the same banks.
fn counter_in(row: u32, column: u32) -> u32 {
    return row * (WORKGROUP + 4u) + column;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups);
    let begin = min(tile * params.tile, params.len);
    let count = min(params.len - begin, params.tile);

    // the first place of the tile's keys of digit `lane`
    var total = 0u;
    if (lane < params.digits) {
        total = histogram[params.digits * params.tiles + lane];
    }
    var first = scanned(lane, total) - total;
    if (lane < params.digits && tile < params.tiles) {
        first += histogram[lane * params.tiles + tile];
    }

    // what lies behind the last key stays behind it, as the last of the largest digit
    for (var k = 0u; k < SHARE; k++) {
        let i = k * WORKGROUP + lane;
        var digit = params.digits - 1u;
        if (i < count) {
            digit = digit_of(keys_in[begin + i]);
        }
        words[i] = (digit << 16u) | i;
    }
    workgroupBarrier();

    for (var round = 0u; round < params.rounds; round++) {
        let shift = 16u + round * 4u;
        var mine: array<u32, SHARE>;
        // sixteen counters of four bits
        var low = 0u;
        var high = 0u;
        for (var k = 0u; k < SHARE; k++) {
            mine[k] = words[lane * SHARE + k];
            let one = 1u << (((mine[k] >> shift) & 7u) * 4u);
            if (((mine[k] >> shift) & 8u) == 0u) {
                low += one;
            } else {
                high += one;
            }
        }
        workgroupBarrier();
        // digits 0 to 7 in the lower halves, 8 to 15 in the upper ones; a tile has fewer than 65,536 keys
        for (var pair = 0u; pair < 8u; pair++) {
            words[counter(pair, lane)] = ((low >> (pair * 4u)) & 15u) | (((high >> (pair * 4u)) & 15u) << 16u);
        }
        workgroupBarrier();
        // each thread sums eight neighbours
        var sum = 0u;
        for (var k = 0u; k < 8u; k++) {
            sum += words[counter_in(k, lane)];
        }
        let inclusive = scanned(lane, sum);
        workgroupBarrier();
        if (lane == WORKGROUP - 1u) {
            partial[0] = inclusive;
        }
        var running = inclusive - sum;
        for (var k = 0u; k < 8u; k++) {
            let counted = words[counter_in(k, lane)];
            words[counter_in(k, lane)] = running;
            running += counted;
        }
        workgroupBarrier();
        // keys of digits below 8
        let lower = partial[0] & 0xffffu;
        var places: array<u32, SHARE>;
        low = 0u;
        high = 0u;
        for (var k = 0u; k < SHARE; k++) {
            let digit = (mine[k] >> shift) & 15u;
            let nibble = (digit & 7u) * 4u;
            let counted = words[counter(digit & 7u, lane)];
            if (digit < 8u) {
                places[k] = (counted & 0xffffu) + ((low >> nibble) & 15u);
                low += 1u << nibble;
            } else {
                places[k] = lower + (counted >> 16u) + ((high >> nibble) & 15u);
                high += 1u << nibble;
            }
        }
        workgroupBarrier();
        for (var k = 0u; k < SHARE; k++) {
            words[places[k]] = mine[k];
        }
        workgroupBarrier();
    }

    // from places in the tile to places in all
    for (var k = 0u; k < SHARE; k++) {
        let i = k * WORKGROUP + lane;
        let digit = words[i] >> 16u;
        var before = params.digits;
        if (i > 0u) {
            before = words[i - 1u] >> 16u;
        }
        if (digit != before) {
            partial[digit] = i;
        }
    }
    workgroupBarrier();
    first -= partial[lane];
    workgroupBarrier();
    partial[lane] = first;
    workgroupBarrier();
    for (var k = 0u; k < SHARE; k++) {
        let i = k * WORKGROUP + lane;
        if (i < count) {
            let word = words[i];
            move_to(partial[word >> 16u] + i, begin + (word & 0xffffu));
        }
    }
}
