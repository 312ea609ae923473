// Counts each occurrence of an id without a row.

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
    for (var half = 0u; half < 2u; half++) {
        let at = counter_of(unknown[i], half, params.width);
        // A full counter stays full: an invocation that makes it wrap around stores the maximum again, and no
        // addition comes after the last such store.
        if (atomicAdd(&counters[at], 1u) == 0xffffffffu) {
            atomicStore(&counters[at], 0xffffffffu);
        }
    }
}
