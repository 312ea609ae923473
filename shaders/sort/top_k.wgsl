// The largest values of a part of a row, in the order of their columns; a workgroup a part. A radix selection
// finds the least pair of value and column (the first column counting as the largest) that belongs to them,
// eight bits a pass, and stops as soon as all that agree with the bits found so far belong to them.

var<workgroup> counts: array<atomic<u32>, WORKGROUP>;
// values whose digit is at least this one
var<workgroup> at_least: array<u32, WORKGROUP>;
var<workgroup> found: vec3<u32>;
// threads of a tile that have one of the largest
var<workgroup> takes: array<atomic<u32>, 8>;

struct Part {
    // element of the first value, its column, and values
    values: u32,
    first: u32,
    len: u32,
}

// Which pairs have been found: their bits under the mask, first those of the value, then of the column.
struct Found {
    mask: vec2<u32>,
    bits: vec2<u32>,
}

fn pair(part: Part, i: u32) -> vec2<u32> {
    return vec2<u32>(ordered(values[part.values + i]), ~i);
}

// The number of values that have at least the digit of this thread.
fn suffix_sum(thread: u32) -> u32 {
    var sum = atomicLoad(&counts[thread]);
    at_least[thread] = sum;
    for (var step = 1u; step < WORKGROUP; step *= 2u) {
        workgroupBarrier();
        var more = 0u;
        if (thread + step < WORKGROUP) {
            more = at_least[thread + step];
        }
        workgroupBarrier();
        sum += more;
        at_least[thread] = sum;
    }
    workgroupBarrier();
    return sum;
}

fn select_pairs(part: Part, k: u32, thread: u32) -> Found {
    var state = Found();
    var needed = k;
    var agree = part.len;
    for (var pass_number = 0u; pass_number < 8u; pass_number++) {
        // all that agree are among the largest
        if (agree <= needed) {
            break;
        }
        let shift = 24u - pass_number % 4u * 8u;
        let word = pass_number / 4u;
        atomicStore(&counts[thread], 0u);
        workgroupBarrier();
        for (var i = thread; i < part.len; i += WORKGROUP) {
            let key = pair(part, i);
            if (all(((key ^ state.bits) & state.mask) == vec2<u32>())) {
                atomicAdd(&counts[(select(key.x, key.y, word == 1u) >> shift) & 255u], 1u);
            }
        }
        workgroupBarrier();
        let sum = suffix_sum(thread);
        var larger = 0u;
        if (thread + 1u < WORKGROUP) {
            larger = at_least[thread + 1u];
        }
        if (sum >= needed && larger < needed) {
            found = vec3<u32>(thread, needed - larger, sum - larger);
        }
        let digit = workgroupUniformLoad(&found);
        needed = digit.y;
        agree = digit.z;
        let of_word = vec2<u32>(select(1u, 0u, word == 1u), word) << vec2<u32>(shift);
        state.mask |= of_word * 255u;
        state.bits |= of_word * digit.x;
    }
    return state;
}

fn belongs(state: Found, key: vec2<u32>) -> bool {
    let known = key & state.mask;
    return known.x > state.bits.x || (known.x == state.bits.x && known.y >= state.bits.y);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups);
    let row = index / params.parts;
    let number = index % params.parts;
    let first = number * params.part;
    let there = row < params.rows;
    let len = select(0u, min(params.part, params.cols - first), there);
    let part = Part(params.values_base + row * params.values_stride + first, first, len);
    let state = select_pairs(part, params.k, thread);

    var to = row * params.out_stride + number * params.k;
    for (var tile = 0u; tile < len; tile += WORKGROUP) {
        if (thread < 8u) {
            atomicStore(&takes[thread], 0u);
        }
        workgroupBarrier();
        let i = tile + thread;
        let taken = i < len && belongs(state, pair(part, min(i, len - 1u)));
        if (taken) {
            atomicOr(&takes[thread / 32u], 1u << (thread % 32u));
        }
        workgroupBarrier();
        var before = 0u;
        var all_taken = 0u;
        for (var word = 0u; word < 8u; word++) {
            let bits = atomicLoad(&takes[word]);
            let own = select(0u, (1u << (thread % 32u)) - 1u, word == thread / 32u);
            before += countOneBits(select(bits & own, bits, word < thread / 32u));
            all_taken += countOneBits(bits);
        }
        if (taken) {
            out_values[to + before] = values[part.values + i];
            if (params.listed == 1u) {
                out_columns[to + before] = columns[row * params.cols + first + i];
            } else {
                out_columns[to + before] = first + i;
            }
        }
        to += all_taken;
        workgroupBarrier();
    }
}
