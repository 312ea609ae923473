// The gradient of maxima for every position: that of the bag's output in the columns where the position was the
// largest, zero elsewhere.
@group(0) @binding(0) var<storage, read> status: Status;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

struct Params {
    first_bag: u32,
    bags: u32,
    // values in all: positions times columns
    values: u32,
    dim: u32,
    // element of the first row of `grad`, and elements from row to row
    grad_base: u32,
    grad_stride: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.values || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let position = offsets[params.first_bag] + i / params.dim;
    let column = i % params.dim;
    // the last bag that begins at or before the position
    var low = 0u;
    var high = params.bags;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (offsets[params.first_bag + middle] <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let largest = places[low * params.dim + column] == position;
    out[i] = select(0.0, grad[params.grad_base + low * params.grad_stride + column], largest);
}
