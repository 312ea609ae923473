// A counter-based generator: three rounds of a multiply-xorshift mix (constants of the "lowbias32" hash by
// C. Wellons, public domain).
fn mix(value: u32) -> u32 {
    var h = value;
    h = (h ^ (h >> 16u)) * 0x7feb352du;
    h = (h ^ (h >> 15u)) * 0x846ca68bu;
    return h ^ (h >> 16u);
}

fn random_word(seed: u32, row: u32, column: u32) -> u32 {
    return mix(mix(mix(seed) ^ row) ^ column);
}

// In [-scale, scale). One exact conversion and one multiplication: nothing that a driver could contract.
fn uniform_value(seed: u32, row: u32, column: u32, scale: f32) -> f32 {
    let signed = i32(random_word(seed, row, column) >> 8u) - 8388608;
    return f32(signed) * (scale * 0.00000011920928955078125);
}
