// Adds a step's utility to each chunk of the rows that occurred: the norm of its gradient times a power of
// the number of occurrences, on top of what time has left of the utility before.

// The length of a chunk's gradient. Where the sum of its squares is infinite, once more with smaller values.
fn norm_of(first: u32, quads: u32) -> f32 {
    var norm = Norm(0.0, 1.0);
    var again = true;
    while (again) {
        var squares = vec4<f32>();
        for (var j = 0u; j < quads; j++) {
            let g = sums[first + j] * norm.times;
            squares += g * g;
        }
        let sum = (squares.x + squares.y) + (squares.z + squares.w);
        norm.root = sqrt(sum);
        again = is_infinite(sum) && norm.times == 1.0;
        norm.times = select(norm.times, SMALL, again);
    }
    return norm.root / norm.times;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= min(params.len, total[0])) {
        return;
    }
    let row = rows[i];
    let count = occurrences[i];
    var factor = 1.0;
    if (params.exponent == 1u) {
        factor = sqrt(f32(count));
    }
    if (params.exponent == 2u) {
        factor = f32(count);
    }
    let at = row * params.words;
    let left = power(params.decay, params.step - touch[at]);
    touch[at] = params.step;
    if (params.counting == 1u) {
        // a count that is full stays so
        let seen = touch[at + 1u] + count;
        touch[at + 1u] = select(seen, 0xffffffffu, seen < count);
    }
    let quads = params.width / 4u;
    for (var c = 0u; c < params.chunks; c++) {
        let earned = factor * norm_of((i * params.chunks + c) * quads, quads);
        let place = row * params.chunks + c;
        // what is not finite would be the utility for ever; told by its bits, which no compiler doubts
        let finite = (bitcast<u32>(earned) & 0x7f800000u) != 0x7f800000u;
        utility[place] = utility[place] * left + select(0.0, earned, finite);
    }
}
