// Adds values to those at their places, which are all different. Places beyond the end are left out.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.len) {
        return;
    }
    let place = indices[params.entry + i];
    if (place < params.places) {
        out[params.first + place] += values[params.entry + i];
    }
}
