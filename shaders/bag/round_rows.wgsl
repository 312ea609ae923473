// Rounds a matrix of f32 to one of 16-bit values, two to a word, each row from a whole word on.

fn bits_of(row: u32, column: u32) -> u32 {
    let value = source[params.source_base + row * params.source_stride + column];
    if (params.stochastic == 1u) {
        return stochastic(value, params.out_type, random_word(params.seed, row, column));
    }
    return nearest(value, params.out_type);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let word = group_index(group, groups) * WORKGROUP + lane;
    if (word >= params.words) {
        return;
    }
    let row = word / params.row_words;
    let pair = word % params.row_words;
    let column = pair * 2u;
    var bits = bits_of(row, column);
    if (column + 1u < params.cols) {
        bits |= bits_of(row, column + 1u) << 16u;
    }
    out[params.out_base + row * params.out_stride + pair] = bits;
}
