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
    let first = params.base + slot * params.width;
    for (var j = 0u; j < params.width; j += 2u) {
        let even = value(chunk, j);
        let odd = value(chunk, j + 1u);
        if (params.store_type == TYPE_F32) {
            weights[first + j] = bitcast<u32>(even);
            weights[first + j + 1u] = bitcast<u32>(odd);
        } else {
            weights[(first + j) / 2u] = nearest(even, params.store_type) | (nearest(odd, params.store_type) << 16u);
        }
    }
    for (var j = 0u; j < params.state_width; j++) {
        state[params.state_base + slot * params.state_width + j] = 0u;
    }
}

fn value(chunk: vec4<u32>, j: u32) -> f32 {
    return uniform_value(params.seed + chunk.w, chunk.y, chunk.z * params.width + j, params.scale);
}
