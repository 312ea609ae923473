// What follows a linear layer; `sigmoid` is another fragment's.
fn activated(z: f32, activation: u32) -> f32 {
    if (activation == ACTIVATION_RELU) {
        // by the sign: max() and comparisons lose a NaN on some devices, and it must stay one
        let bits = bitcast<u32>(z);
        return select(z, 0.0, bits > 0x80000000u && bits <= 0xff800000u);
    }
    if (activation == ACTIVATION_SIGMOID) {
        return sigmoid(z);
    }
    return z;
}
