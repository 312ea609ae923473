// Fresh chunks in a window of the store begin with values of their own, made of seed, table, virtual id and column, and with
// no state: they inherit nothing from who had the slot before.
@group(0) @binding(0) var<storage, read> fresh: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> fresh_count: array<u32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> state: array<u32>;

struct Params {
    // no fewer than are fresh
    len: u32,
    // the slots of the window
    first_slot: u32,
    slots: u32,
    // element of the first in the weights, and values of a chunk
    base: u32,
    width: u32,
    // word of the first in the state, and words of a chunk
    state_base: u32,
    state_width: u32,
    seed: u32,
    // values lie in [-scale, scale)
    scale: f32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
