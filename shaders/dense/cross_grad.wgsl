// The elementwise half of a cross layer's backward pass, from the gradient of its output: what the product gets,
// product_grad = grad * x0, and what x0 gets, grad * (product + bias).
@group(0) @binding(0) var<storage, read> grad: array<Elem>;
@group(0) @binding(1) var<storage, read> x0: array<Elem>;
@group(0) @binding(2) var<storage, read> product: array<Elem>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read_write> product_grad: array<Elem>;
@group(0) @binding(5) var<storage, read_write> x0_grad: array<Elem>;

struct Params {
    rows: u32,
    // up to the last stride in elements of the variant's width
    cols: u32,
    grad_base: u32,
    grad_stride: u32,
    x0_base: u32,
    x0_stride: u32,
    product_base: u32,
    product_stride: u32,
    bias_base: u32,
    product_grad_base: u32,
    product_grad_stride: u32,
    x0_grad_base: u32,
    x0_grad_stride: u32,
    // 1: x is x0, so that the gradient which goes past the product is x0's too
    through: u32,
    // 1: the gradient of x0 is added to `x0_grad`
    accumulate: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
