// 1 / (1 + exp(-z)): the exponent is never positive, so that nothing overflows.
fn sigmoid(z: f32) -> f32 {
    let t = exp(-abs(z));
    return select(t, 1.0, z >= 0.0) / (1.0 + t);
}
