// The lowest row with a value that cannot be kept: one that is no number, or larger than a limit.

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
    let value = load_rows(params.source_base + row * params.source_stride, column, params.dim - column);
    let size = bitcast<vec4<u32>>(value) & vec4<u32>(0x7fffffffu);
    if (any(size > vec4<u32>(params.limit))) {
        atomicMin(&status[0], params.first_row + row);
    }
}
