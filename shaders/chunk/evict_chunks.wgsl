// Slots of rows that leave go to the stack of free ones; nothing of the rows remains.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len * params.chunks || credit[i / params.chunks] == NONE) {
        return;
    }
    let at = rows[i / params.chunks] * params.chunks + i % params.chunks;
    if (places[i + 1u] != places[i]) {
        free[free_count[0] + places[i]] = slots[at];
    }
    slots[at] = NONE;
    utility[at] = 0.0;
}
