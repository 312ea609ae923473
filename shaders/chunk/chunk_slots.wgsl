// The slots of the chunks of rows that occurred, a row after the other; NONE behind them.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len * params.chunks) {
        return;
    }
    let row = i / params.chunks;
    var slot = NONE;
    if (row < total[0]) {
        slot = slots[rows[row] * params.chunks + i % params.chunks];
    }
    out[i] = slot;
}
