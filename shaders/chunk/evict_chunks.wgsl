// Slots of rows that leave go to the stack of free ones; nothing of the rows remains.
@group(0) @binding(0) var<storage, read> credit: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> free_count: array<u32>;
@group(0) @binding(4) var<storage, read_write> free: array<u32>;
@group(0) @binding(5) var<storage, read_write> slots: array<u32>;
@group(0) @binding(6) var<storage, read_write> utility: array<f32>;

struct Params {
    // rows that leave, as far as they may
    len: u32,
    chunks: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len * params.chunks || credit[i / params.chunks] == NONE) {
        return;
    }
    let at = rows[i / params.chunks] * params.chunks + i % params.chunks;
    if (places[i + 1u] != places[i]) {
        free[free_count[0] + places[i]] = slots[at];
    }
    slots[at] = NONE;
    utility[at] = 0.0;
}
