// Marks where segments of equal keys begin, of those keys that lie in a range: exclusive sums of the marks
// number the segments. One mark more than keys, which is 0, makes the last sum the number of segments.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i > params.len) {
        return;
    }
    var head = false;
    if (i < params.len && !refused(status.bad_position, status.bad_offset)) {
        let key = keys[i];
        head = key >= params.key_begin && key < params.key_end;
        if (head && i > 0u) {
            head = keys[i - 1u] != key;
        }
    }
    heads[i] = u32(head);
}
