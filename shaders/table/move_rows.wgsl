// Rows from all over a window next to each other (packed), or packed rows to their places.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.rows * params.cols) {
        return;
    }
    // rows before the window wrap around and are beyond it too
    let row = places[params.first_place + i / params.cols] - params.window_first;
    if (row >= params.window_rows) {
        return;
    }
    let there = params.table_base + row * params.cols + i % params.cols;
    let packed = params.packed_base + i;
    if (params.scatter == 1u) {
        out[there] = source[packed];
    } else {
        out[packed] = source[there];
    }
}
