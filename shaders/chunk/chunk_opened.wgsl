// Counts what chunk_open did.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    if (group_index(group, groups) * WORKGROUP + thread > 0u) {
        return;
    }
    let taken = min(free_count[0], admitted[0] * params.chunks);
    fresh_count[0] = taken;
    free_count[0] -= taken;
}
