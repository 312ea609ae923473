// 1 / (1 + exp(-z)) by products and sums alone; the exponent is never positive, so that nothing overflows.
fn sigmoid(z: f32) -> f32 {
    let t = exp_2(-min(abs(z) * 1.4426950, 126.0));
    return select(t, 1.0, z >= 0.0) / (1.0 + t);
}
