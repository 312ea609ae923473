// out[c] = sum over the rows of x[r][c]. Row r goes to accumulator r % LANES; those are added by a binary
// tree.

var<workgroup> sums: array<vec4<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    // neighbouring threads have neighbouring columns, four each
    let width = WORKGROUP / LANES;
    let lane = thread / width;
    let column = (group_index(group, groups) * width + thread % width) * 4u;
    var sum = vec4<f32>();
    if (column < params.cols) {
        for (var row = lane; row < params.rows; row += LANES) {
            sum += load_input(params.input_base + row * params.input_stride + column, params.cols - column);
        }
    }
    sums[thread] = sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            sums[thread] += sums[thread + half * width];
        }
    }
    if (lane == 0u) {
        finish(column, sums[thread].x);
        finish(column + 1u, sums[thread].y);
        finish(column + 2u, sums[thread].z);
        finish(column + 3u, sums[thread].w);
    }
}
