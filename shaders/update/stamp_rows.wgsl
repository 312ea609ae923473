// The step in which each row of a window changed last, from the sorted keys of the rows that changed.

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
    let key = keys[i];
    // the first of equal ones
    let again = i > 0u && keys[max(i, 1u) - 1u] == key;
    if (key >= params.key_begin && key < params.key_end && !again) {
        stamps[key - params.key_begin + params.first_stamp] = params.step;
    }
}
