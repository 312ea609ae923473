// What time has left of the utility of each chunk of a table's rows; -1 for free rows.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len) {
        return;
    }
    let row = i / params.chunks;
    var left = -1.0;
    if (row_ids[row] != 0u) {
        left = utility[i] * power(params.decay, params.step - touch[row * params.words]);
    }
    out[params.out_first + i] = left;
}
