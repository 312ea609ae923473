// No per-sample weights: not even a condition.
fn weight_of(p: u32) -> f32 {
    return 1.0;
}
