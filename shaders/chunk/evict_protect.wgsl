// Rows of a batch do not leave.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i < params.len && rows[params.first + i] < PADDED) {
        atomicStore(&credit[rows[params.first + i]], NONE);
    }
}
