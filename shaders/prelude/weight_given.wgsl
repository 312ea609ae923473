// The per-sample weight of an id, where some batches have them.
fn weight_of(p: u32) -> f32 {
    if (params.weighted == 1u) {
        return weights[p];
    }
    return 1.0;
}
