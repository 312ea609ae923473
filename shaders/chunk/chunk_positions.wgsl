// The position of each id; none where the id is the padding id, which does not count.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let p = group_index(group, groups) * WORKGROUP + thread;
    if (p < params.len) {
        positions[p] = select(p, NONE, rows[p] == PADDED);
    }
}
