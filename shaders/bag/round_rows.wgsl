// Rounds a matrix of f32 to one of 16-bit values, two to a word, each row from a whole word on.

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
    let place = params.source_base + row * params.source_stride + column;
    var bits = nearest(source[place], params.out_type);
    if (column + 1u < params.cols) {
        bits |= nearest(source[place + 1u], params.out_type) << 16u;
    }
    out[params.out_base + row * params.out_stride + pair] = bits;
}
