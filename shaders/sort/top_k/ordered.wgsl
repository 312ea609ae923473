// A float as an integer of the same order; -0 is 0, and a NaN is larger than all others.
fn ordered(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    let size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        return 0xffffffffu;
    }
    return select(0x80000000u | size, ~bits, bits > 0x80000000u);
}
