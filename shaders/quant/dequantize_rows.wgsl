// The values of rows: out[r][c] = scale * code + bias, or the float that is there.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let blocks = (params.dim + 3u) / 4u;
    let work = group_index(group, groups) * WORKGROUP + thread;
    let row = work / blocks;
    if (row >= params.rows) {
        return;
    }
    let column = work % blocks * 4u;
    let left = params.dim - column;
    let value = load_rows(params.source_base + row * params.source_stride, column, left);
    let place = params.out_base + row * params.out_stride + column;
    for (var k = 0u; k < min(left, 4u); k++) {
        out[place + k] = value[k];
    }
}
