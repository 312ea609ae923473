// Binary cross-entropy with logits: loss = max(z, 0) - z y + log(1 + exp(-|z|)) and its gradient in z, times
// `scale`; both times the weight. A thread has one logit.

// log(1 + t) for t in 0 .. 1 as 2 artanh(t / (2 + t)): exact to the last bits for small t, where a driver's
// log of nearly 1 is not. The argument is at most 1/3, the first term left out is below 2^-26 of the sum.
fn log_1p(t: f32) -> f32 {
    let s = t / (2.0 + t);
    let q = s * s;
    var sum = 1.0 / 15.0;
    sum = sum * q + 1.0 / 13.0;
    sum = sum * q + 1.0 / 11.0;
    sum = sum * q + 1.0 / 9.0;
    sum = sum * q + 1.0 / 7.0;
    sum = sum * q + 0.2;
    sum = sum * q + 1.0 / 3.0;
    sum = sum * q + 1.0;
    return 2.0 * s * sum;
}

fn loss_of(z: f32, y: f32) -> f32 {
    // An infinite logit is right about its label or infinitely wrong: it has no differences of infinities.
    // Both are told by their bits, which no compiler doubts.
    if ((bitcast<u32>(z) & 0x7fffffffu) == 0x7f800000u) {
        let wrong = select(-y, 1.0 - y, z > 0.0);
        return select(z * wrong, 0.0, (bitcast<u32>(wrong) & 0x7fffffffu) == 0u);
    }
    return max(z, 0.0) - z * y + log_1p(exp(-abs(z)));
}

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
    let z = logits[params.logits_base + row * params.logits_stride + column];
    let y = labels[params.labels_base + row * params.labels_stride + column];
    var weight = 1.0;
    if (params.weights_cols > 0u) {
        let of_row = params.weights_base + row * params.weights_stride;
        weight = weights[of_row + min(column, params.weights_cols - 1u)];
    }
    loss[params.loss_base + row * params.loss_stride + column] = weight * loss_of(z, y);
    grad[params.grad_base + row * params.grad_stride + column] = weight * ((sigmoid(z) - y) * params.scale);
}
