// Halves every counter of a sketch, so that what was seen long ago counts less than what is seen now.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i < params.len) {
        counters[i] /= 2u;
    }
}
