// The layer normalization of a sum: of the parts, which lie side by side in an example's row, each by its
// weight, and a shortcut. Every token of an example is normalized by itself: out = (z - mean) / sqrt(variance +
// eps) * gain + bias, with what comes before the gain kept for the gradient. Sixteen threads a token.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let place = lane_of(group_index(group, groups), thread);
    let example = place.row / params.tokens;
    let token = place.row % params.tokens * params.cols;
    let of_parts = params.parts_base + example * params.parts_stride + token;
    let of_shortcut = params.shortcut_base + example * params.shortcut_stride + token;
    let of_normal = params.normal_base + place.row * params.cols;
    var sum = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        var z = vec4<f32>();
        for (var part = 0u; part < params.parts; part++) {
            let value = load_parts(of_parts + part * params.part_step + column, left);
            if (params.weighted == 1u) {
                z += weights[params.weights_base + part] * value;
            } else {
                z += value;
            }
        }
        z += load_shortcut(of_shortcut + column, left);
        store_normal(of_normal + column, left, z);
        sum += z;
    }
    let dim = f32(params.cols);
    let mean = lanes_sum(place, sum) / dim;
    sum = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let z = load_normal(of_normal + column, left);
        let centred = select(vec4<f32>(), z - mean, inside(left));
        sum += centred * centred;
    }
    let inverse = 1.0 / sqrt(lanes_sum(place, sum) / dim + params.eps);
    let of_out = params.out_base + example * params.out_stride + token;
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let normal = (load_normal(of_normal + column, left) - mean) * inverse;
        let gain = load_affine(params.affine_base + column, left);
        let bias = load_affine(params.affine_base + params.affine_stride + column, left);
        store_normal(of_normal + column, left, normal);
        store_out(of_out + column, left, normal * gain + bias);
    }
    if (place.cols > 0u && place.lane == 0u) {
        deviation[params.deviation_base + place.row] = inverse;
    }
}
