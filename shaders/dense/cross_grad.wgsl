// The elementwise half of a cross layer's backward pass, from the gradient of its output: what the product
// gets, product_grad = grad * x0, and what x0 gets, grad * (product + bias).

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
    let g = grad[params.grad_base + row * params.grad_stride + column];
    product_grad[params.product_grad_base + row * params.product_grad_stride + column] =
        g * x0[params.x0_base + row * params.x0_stride + column];
    let inner = product[params.product_base + row * params.product_stride + column]
        + bias[params.bias_base + column];
    var sum = g * inner;
    if (params.through == 1u) {
        sum += g;
    }
    let at = params.x0_grad_base + row * params.x0_grad_stride + column;
    if (params.accumulate == 1u) {
        sum = x0_grad[at] + sum;
    }
    x0_grad[at] = sum;
}
