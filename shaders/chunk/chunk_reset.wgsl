// Fresh chunks in a window of the store begin with values of their own, made of seed, table, virtual id and
// column, and with no state: they inherit nothing from who had the slot before.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= min(params.len, fresh_count[0])) {
        return;
    }
    let chunk = fresh[i];
    let slot = chunk.x - params.first_slot;
    if (slot >= params.slots) {
        return;
    }
    for (var j = 0u; j < params.width; j++) {
        let column = chunk.z * params.width + j;
        weights[params.base + slot * params.width + j] = uniform_value(params.seed + chunk.w, chunk.y, column, params.scale);
    }
    for (var j = 0u; j < params.state_width; j++) {
        state[params.state_base + slot * params.state_width + j] = 0u;
    }
}
