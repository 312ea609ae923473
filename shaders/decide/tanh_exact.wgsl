// The hyperbolic tangent by products and sums alone; the exponent is never positive, so that nothing
// overflows.
fn tanh_exact(z: f32) -> f32 {
    let t = exp_2(-min(abs(z) * 2.8853900, 126.0));
    let size = (1.0 - t) / (1.0 + t);
    return select(-size, size, z >= 0.0);
}
