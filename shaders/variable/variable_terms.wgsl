// Where the values of each position begin: one after the other, or a row of a matrix for each.

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
    var at = params.base + i * params.stride;
    if (params.jagged == 1u) {
        at = begins[i];
    }
    terms[i] = vec2<u32>(at, bitcast<u32>(1.0));
}
