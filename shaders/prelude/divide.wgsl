// Division rounded to the nearest float, which WGSL does not promise: the device's own quotient may be a few
// units in the last place off. The remainder, which 32 bits hold, puts it right. Subnormal numbers are left
// to the device.
fn divide(a: f32, b: f32) -> f32 {
    let near = a / b;
    let exponent_a = i32((bitcast<u32>(a) >> 23u) & 0xffu);
    let exponent_b = i32((bitcast<u32>(b) >> 23u) & 0xffu);
    let mantissa_a = (bitcast<u32>(a) & 0x7fffffu) | 0x800000u;
    let mantissa_b = (bitcast<u32>(b) & 0x7fffffu) | 0x800000u;
    // the quotient of the mantissas is below 1 or not
    let below = select(0, 1, mantissa_a < mantissa_b);
    let exponent = exponent_a - exponent_b + 127 - below;
    if (min(exponent_a, exponent_b) < 1 || max(exponent_a, exponent_b) > 254 || exponent < 1 || exponent > 253) {
        return near;
    }
    // 24 bits of the quotient, and what is left of the dividend
    var quotient = (bitcast<u32>(near) & 0x7fffffu) | 0x800000u;
    let found = i32((bitcast<u32>(near) >> 23u) & 0xffu);
    if (found < exponent) {
        quotient = 0x800000u;
    } else if (found > exponent) {
        quotient = 0xffffffu;
    }
    var rest = bitcast<i32>((mantissa_a << u32(23 + below)) - quotient * mantissa_b);
    let divisor = i32(mantissa_b);
    for (var i = 0u; i < 4u; i++) {
        if (rest < 0) {
            quotient -= 1u;
            rest += divisor;
        } else if (rest >= divisor) {
            quotient += 1u;
            rest -= divisor;
        }
    }
    // a tie would need a dividend of more bits
    quotient += select(0u, 1u, 2 * rest > divisor);
    let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
    // the leading bit adds to the exponent, as does a carry
    return bitcast<f32>(sign | ((u32(exponent - 1) << 23u) + quotient));
}
