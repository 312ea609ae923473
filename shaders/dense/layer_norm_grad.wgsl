// The gradient of layer_norm with respect to the sum, and what the gradients of gain and bias are sums of: with g
// = grad * gain, out = (g - mean(g) - normal mean(g normal)) * inverse deviation, and spread = grad * normal.
// Sixteen threads a token.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let place = lane_of(group_index(group, groups), thread);
    let example = place.row / params.tokens;
    let token = place.row % params.tokens * params.cols;
    let of_grad = params.grad_base + example * params.grad_stride + token;
    let of_normal = params.normal_base + place.row * params.cols;
    let of_spread = params.spread_base + place.row * params.cols;
    var sum = vec4<f32>();
    var along = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let grad = load_grad(of_grad + column, left);
        let normal = load_normal(of_normal + column, left);
        let g = grad * load_affine(params.affine_base + column, left);
        sum += g;
        along += g * normal;
        store_spread(of_spread + column, left, grad * normal);
    }
    let dim = f32(params.cols);
    let mean = lanes_sum(place, sum) / dim;
    let mean_along = lanes_sum(place, along) / dim;
    var inverse = 0.0;
    if (place.cols > 0u) {
        inverse = deviation[params.deviation_base + place.row];
    }
    let of_out = params.out_base + example * params.out_stride + token;
    let of_through = params.through_base + example * params.through_stride + token;
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let g = load_grad(of_grad + column, left) * load_affine(params.affine_base + column, left);
        let normal = load_normal(of_normal + column, left);
        let value = (g - mean - normal * mean_along) * inverse;
        store_out(of_out + column, left, value);
        if (params.passes == 1u) {
            store_through(of_through + column, left, value);
        }
    }
}
