// Lengths of segments, from the offsets of the tensor that they come from.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.segments) {
        return;
    }
    let other = other_segment(i);
    var source = other;
    var target_segment = i;
    if (params.scatter == 1u) {
        source = i;
        target_segment = other;
    }
    // no sum of such lengths is an offset: what is made of refused segments is refused too
    var length = NONE;
    if (!refused(status.bad_position, status.bad_offset)) {
        let values = offsets[source + 1u] - offsets[source];
        length = values / params.piece + u32(values % params.piece > 0u);
    }
    lengths[target_segment] = length;
}
