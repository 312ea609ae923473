// What row_update is given for rows whose gradient has been summed: their keys, behind these how often they
// were there, and one term for each.

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
    // NONE is no row of any table
    keys[i] = select(rows[params.first + i], NONE, refused(status.bad_position, status.bad_offset));
    keys[params.len + i] = max(counts[params.first + i], 1u);
    terms[i] = vec2<u32>(params.base + i * params.stride, bitcast<u32>(1.0));
}
