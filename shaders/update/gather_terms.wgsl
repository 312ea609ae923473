// Brings the terms into the order of the sorted keys.
@group(0) @binding(0) var<storage, read> positions: array<u32>;
@group(0) @binding(1) var<storage, read> terms: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> sorted: array<vec2<u32>>;

struct Params {
    len: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i < params.len) {
        sorted[i] = terms[positions[i]];
    }
}
