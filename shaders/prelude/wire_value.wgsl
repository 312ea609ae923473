// What arrives of a value: itself or, where 16 bits travel, the nearest that they have at this scale, a power of two.
// The largest are cut to what is finite.
fn arriving(value: f32) -> f32 {
    if (params.half == 0u) {
        return value;
    }
    let bits = bitcast<u32>(value * params.scale);
    let size = min(nearest_f16(bits & 0x7fffffffu), 0x7bffu);
    return unpack2x16float(((bits >> 16u) & 0x8000u) | size).x * params.inverse;
}
