// The gradient of layer_norm with respect to the sum: with g = grad * gain, out = (g - mean(g) - normal mean(g
// normal)) * inverse deviation. Sixteen threads take some tokens after each other, and add up what the gradients of
// gain and bias are sums of, grad * normal and grad.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let slice = group_index(group, groups) * (WORKGROUP / LANES) + thread / LANES;
    let first = slice * params.together;
    for (var step = 0u; step < params.together; step++) {
        let row = first + step;
        // behind the last row threads only keep step
        normalized(Lane(row, select(0u, params.cols, row < params.rows), thread % LANES, thread));
    }
    if (slice >= params.slices) {
        return;
    }
    // these tokens are in caches still
    let last = min(first + params.together, params.rows);
    let of_slices = params.slices_base + slice * 2u * params.cols;
    for (var column = thread % LANES * 4u; column < params.cols; column += LANES * 4u) {
        let left = params.cols - column;
        var of_gain = vec4<f32>();
        var of_bias = vec4<f32>();
        for (var row = first; row < last; row++) {
            let g = load_grad(grad_of(row) + column, left);
            of_gain += g * load_normal(params.normal_base + row * params.cols + column, left);
            of_bias += g;
        }
        store_slices(of_slices + column, left, of_gain);
        store_slices(of_slices + params.cols + column, left, of_bias);
    }
}

fn grad_of(row: u32) -> u32 {
    return params.grad_base + row / params.tokens * params.grad_stride + row % params.tokens * params.cols;
}

fn normalized(place: Lane) {
    let example = place.row / params.tokens;
    let token = place.row % params.tokens * params.cols;
    let of_grad = grad_of(place.row);
    let of_normal = params.normal_base + place.row * params.cols;
    var sum = vec4<f32>();
    var along = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let g = load_grad(of_grad + column, left) * load_affine(params.affine_base + column, left);
        sum += g;
        along += g * load_normal(of_normal + column, left);
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
