// out[r][c] = clamp(round(x[r][c] / scale) + zero point, 0, 255), four codes a word, zeros behind the last
// column.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.rows * params.words) {
        return;
    }
    let column = i % params.words * 4u;
    let inside = min(column, (params.cols - 1u) / 4u * 4u);
    let at = params.input_base + i / params.words * params.input_stride + inside;
    let v = load_input(at, params.cols - inside);
    let codes_of = codes4(v, 1.0 / bitcast<f32>(quant[0]), quant[1]);
    let there = vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.cols);
    codes[params.codes_base + i] = packed4(select(vec4<u32>(), codes_of, there));
}
