// column_sum for software adapters: one thread for four columns.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let column = (group_index(group, groups) * WORKGROUP + thread) * 4u;
    if (column >= params.cols) {
        return;
    }
    var lanes: array<vec4<f32>, LANES>;
    for (var lane = 0u; lane < LANES; lane++) {
        var sum = vec4<f32>();
        for (var row = lane; row < params.rows; row += LANES) {
            sum += load_input(params.input_base + row * params.input_stride + column, params.cols - column);
        }
        lanes[lane] = sum;
    }
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        for (var lane = 0u; lane < half; lane++) {
            lanes[lane] += lanes[lane + half];
        }
    }
    finish(column, lanes[0].x);
    finish(column + 1u, lanes[0].y);
    finish(column + 2u, lanes[0].z);
    finish(column + 3u, lanes[0].w);
}
