// Copies the values of segments, one word a thread.

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
    let segment = find_segment(i, 0u, params.segments);
    let other = other_begins[other_segment(segment)] + (i - begins[segment]);
    if (params.scatter == 1u) {
        out[other] = source[i];
    } else {
        out[i] = source[other];
    }
}
