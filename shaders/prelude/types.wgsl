// Element types of tables and of optimizer state, and their conversions. Two 16-bit values share a word, the
// first in the low half. Rounding is done with integers: pack2x16float may round either way.
const TYPE_F32: u32 = 0u;
const TYPE_F16: u32 = 1u;
const TYPE_BF16: u32 = 2u;
// Codes of 8, 4 and 2 bits behind the scale and bias of their row.
const TYPE_INT8: u32 = 3u;
const TYPE_INT4: u32 = 4u;
const TYPE_INT2: u32 = 5u;

fn unpack_pair(word: u32, element: u32) -> vec2<f32> {
    if (element == TYPE_BF16) {
        return bitcast<vec2<f32>>(vec2<u32>(word << 16u, word & 0xffff0000u));
    }
    return unpack2x16float(word);
}

// The 16 bits of the nearest value, ties to even.
fn nearest(value: f32, element: u32) -> u32 {
    let bits = bitcast<u32>(value);
    let sign = (bits >> 16u) & 0x8000u;
    let size = bits & 0x7fffffffu;
    if (element == TYPE_BF16) {
        let rounded = (size + 0x7fffu + ((size >> 16u) & 1u)) >> 16u;
        return sign | select(rounded, 0x7fc0u, size > 0x7f800000u);
    }
    return sign | nearest_f16(size);
}

fn nearest_f16(size: u32) -> u32 {
    if (size > 0x7f800000u) {
        return 0x7e00u;
    }
    // 65520 and more
    if (size >= 0x477ff000u) {
        return 0x7c00u;
    }
    // below 2^-14: one unit in the last place of 0.5 is the distance of these values, so that the sum rounds
    // to one
    if (size < 0x38800000u) {
        return bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u;
    }
    let rebased = size - 0x38000000u;
    return (rebased + 0xfffu + ((rebased >> 13u) & 1u)) >> 13u;
}

// The 16 bits of one of the two neighbours, each the more often the nearer it is; `noise` is a random word.
// What is representable stays itself, and finite values stay finite.
fn stochastic(value: f32, element: u32, noise: u32) -> u32 {
    let bits = bitcast<u32>(value);
    let sign = (bits >> 16u) & 0x8000u;
    let size = bits & 0x7fffffffu;
    // infinities, NaN and what rounds to infinity
    if (size >= select(0x477ff000u, 0x7f800000u, element == TYPE_BF16)) {
        return nearest(value, element);
    }
    if (element == TYPE_BF16) {
        return sign | min((size + (noise >> 16u)) >> 16u, 0x7f7fu);
    }
    if (size < 0x38800000u) {
        // in units of their distance, 2^-24
        let units = bitcast<f32>(size) * 16777216.0;
        let whole = floor(units);
        let up = f32(noise >> 8u) * 0.000000059604644775390625 < units - whole;
        return sign | (u32(whole) + u32(up));
    }
    return sign | min((size - 0x38000000u + (noise >> 19u)) >> 13u, 0x7bffu);
}

// Four values as two words.
fn pack_nearest(v: vec4<f32>, element: u32) -> vec2<u32> {
    return vec2<u32>(
        nearest(v.x, element) | (nearest(v.y, element) << 16u),
        nearest(v.z, element) | (nearest(v.w, element) << 16u),
    );
}
