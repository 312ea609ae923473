// The output of a cross layer: out = x0 * (product + bias) + x, or without x. A thread has one element; x0 and x
// may be the same.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.rows * params.cols) {
        return;
    }
    let row = i / params.cols;
    let column = i % params.cols;
    let inner = product[params.product_base + row * params.product_stride + column]
        + bias[params.bias_base + column];
    var crossed = x0[params.x0_base + row * params.x0_stride + column] * inner;
    if (params.skip == 1u) {
        crossed += x[params.x_base + row * params.x_stride + column];
    }
    out[params.out_base + row * params.out_stride + column] = crossed;
}
