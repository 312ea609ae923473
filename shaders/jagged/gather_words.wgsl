// Words in another order, or the order itself the other way round.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.len || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let position = positions[i];
    if (params.inverse == 1u) {
        out[position] = i;
    } else {
        out[i] = source[position];
    }
}
