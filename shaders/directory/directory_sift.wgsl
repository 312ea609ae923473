// Ids that were not seen often enough are not admitted.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len || unknown[i] == NONE) {
        return;
    }
    let first = counters[counter_of(unknown[i], 0u, params.width)];
    let second = counters[counter_of(unknown[i], 1u, params.width)];
    if (min(first, second) < params.least) {
        unknown[i] = NONE;
    }
}
