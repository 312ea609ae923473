// Fills rows with uniform numbers in [-scale, scale) that depend on seed, row and column alone, or with a constant.
@group(0) @binding(0) var<storage, read_write> table: array<f32>;

struct Params {
    // elements to fill, and the row of the first
    elements: u32,
    first_row: u32,
    dim: u32,
    seed: u32,
    // 0: every element is `scale`; 1: uniform
    uniform_values: u32,
    scale: f32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let e = group_index(group, groups) * WORKGROUP + lane;
    if (e >= params.elements) {
        return;
    }
    var value = params.scale;
    if (params.uniform_values == 1u) {
        value = uniform_value(params.seed, params.first_row + e / params.dim, e % params.dim, params.scale);
    }
    table[e] = value;
}
