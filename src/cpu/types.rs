//! Twin of `prelude/types.wgsl`: 16-bit elements, two to a word.

use crate::kernel::elements::{TYPE_BF16, TYPE_F16, TYPE_F32};

/// The value of 16 bits.
#[inline(always)]
pub(crate) fn value_of(bits: u32, element: u32) -> f32 {
    if element == TYPE_BF16 {
        return f32::from_bits(bits << 16);
    }
    let sign = (bits & 0x8000) << 16;
    let size = bits & 0x7fff;
    // a float of this exponent and mantissa is too small by 2^112; infinities and NaN keep the largest
    // exponent
    let small = f32::from_bits(size << 13) * f32::from_bits((127 + 112) << 23);
    let special = if size >= 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(small.to_bits() | special | sign)
}

/// The 16 bits of the nearest value, ties to even.
#[inline(always)]
pub(crate) fn nearest(value: f32, element: u32) -> u32 {
    let bits = value.to_bits();
    let sign = (bits >> 16) & 0x8000;
    let size = bits & 0x7fff_ffff;
    if element == TYPE_BF16 {
        let rounded = (size + 0x7fff + ((size >> 16) & 1)) >> 16;
        return sign | if size > 0x7f80_0000 { 0x7fc0 } else { rounded };
    }
    // below 2^-14: one unit in the last place of 0.5 is the distance of these values, so that the sum rounds
    // to one
    let small = (f32::from_bits(size) + 0.5).to_bits().wrapping_sub(0x3f00_0000);
    let rebased = size.wrapping_sub(0x3800_0000);
    let normal = rebased.wrapping_add(0xfff + ((rebased >> 13) & 1)) >> 13;
    let finite = if size < 0x3880_0000 { small } else { normal };
    let large = if size > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
    sign | if size >= 0x477f_f000 { large } else { finite }
}

/// The 16 bits of one of the two neighbours, each the more often the nearer it is; `noise` is a random word.
/// What is representable stays itself, and finite values stay finite.
#[inline(always)]
pub(crate) fn stochastic(value: f32, element: u32, noise: u32) -> u32 {
    let bits = value.to_bits();
    let sign = (bits >> 16) & 0x8000;
    let size = bits & 0x7fff_ffff;
    // infinities, NaN and what rounds to infinity
    if size >= if element == TYPE_BF16 { 0x7f80_0000 } else { 0x477f_f000 } {
        return nearest(value, element);
    }
    if element == TYPE_BF16 {
        return sign | ((size + (noise >> 16)) >> 16).min(0x7f7f);
    }
    if size < 0x3880_0000 {
        // in units of their distance, 2^-24
        let units = f32::from_bits(size) * 16_777_216.0;
        let whole = units.floor();
        let up = (noise >> 8) as f32 * (1.0 / 16_777_216.0) < units - whole;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,024")]
        let whole = whole as u32;
        return sign | (whole + u32::from(up));
    }
    sign | ((size - 0x3800_0000 + (noise >> 19)) >> 13).min(0x7bff)
}

/// Reads as many values as `out` holds from the beginning of words.
#[inline(always)]
pub(crate) fn unpack(words: &[u32], element: u32, out: &mut [f32]) {
    match element {
        TYPE_F32 => out.copy_from_slice(bytemuck::cast_slice(&words[..out.len()])),
        // the type is a constant in each loop
        TYPE_F16 => unpack_pairs(words, out, |bits| value_of(bits, TYPE_F16)),
        _ => unpack_pairs(words, out, |bits| value_of(bits, TYPE_BF16)),
    }
}

#[inline(always)]
fn unpack_pairs(words: &[u32], out: &mut [f32], value: impl Fn(u32) -> f32) {
    let halves: &[u16] = bytemuck::cast_slice(words);
    for (out, &bits) in out.iter_mut().zip(halves) {
        *out = value(bits.into());
    }
}

/// Writes values to the beginning of words, two 16-bit ones to a word, the last alone if need be; `round`
/// gives the bits of the value of a column.
#[inline(always)]
pub(crate) fn pack(values: &[f32], words: &mut [u32], round: impl Fn(f32, u32) -> u32) {
    for ((pair, word), column) in values.chunks(2).zip(words).zip((0u32..).step_by(2)) {
        let second = pair.get(1).map_or(0, |&value| round(value, column + 1));
        *word = round(pair[0], column) | second << 16;
    }
}

/// Values as words, rounded to the nearest.
pub(crate) fn packed(values: &[f32], element: u32) -> Vec<u32> {
    if element == TYPE_F32 {
        return crate::kernel::words_of(values);
    }
    let mut words = vec![0; values.len().div_ceil(2)];
    pack(values, &mut words, |value, _| nearest(value, element));
    words
}

#[cfg(test)]
mod tests {
    use approx::{abs_diff_eq, assert_abs_diff_eq};

    use super::*;

    #[test]
    fn conversions_are_those_of_the_half_crate() {
        for high in 0..=u16::MAX {
            let (f16, bf16) = (half::f16::from_bits(high), half::bf16::from_bits(high));
            let same = |ours: f32, theirs: f32| {
                ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan()
            };
            assert!(same(value_of(high.into(), TYPE_F16), f16.to_f32()), "{high:#x}");
            assert!(same(value_of(high.into(), TYPE_BF16), bf16.to_f32()), "{high:#x}");
            // all exponents, with mantissas around the ties of both types
            for low in [0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xf000, 0xffff] {
                let value = f32::from_bits(u32::from(high) << 16 | low);
                if value.is_nan() {
                    continue;
                }
                assert_eq!(
                    nearest(value, TYPE_F16),
                    u32::from(half::f16::from_f32(value).to_bits()),
                    "{value:e}"
                );
                assert_eq!(
                    nearest(value, TYPE_BF16),
                    u32::from(half::bf16::from_f32(value).to_bits()),
                    "{value:e}"
                );
            }
        }
    }

    #[test]
    fn random_rounding_is_right_on_average_and_leaves_what_is_representable() {
        for element in [TYPE_F16, TYPE_BF16] {
            for value in [1.0003f32, -0.333, 3.1e-6, 60_000.0, 1e-7, 65_503.0] {
                let mut sum = 0.0;
                let count = 1 << 14;
                for noise in 0..count {
                    // evenly spread over all words
                    let bits = stochastic(value, element, noise << 18 | 0x1_ffff);
                    sum += f64::from(value_of(bits, element));
                    let ulp = (value_of(nearest(value, element) ^ 1, element)
                        - value_of(nearest(value, element), element))
                    .abs();
                    assert_abs_diff_eq!(value_of(bits, element), value, epsilon = 2.0 * ulp);
                }
                let mean = sum / f64::from(count);
                let distance = f64::from(
                    value_of(nearest(value.abs(), element) + 1, element)
                        - value_of(nearest(value.abs(), element), element),
                )
                .abs();
                assert!(
                    abs_diff_eq!(mean, f64::from(value), epsilon = 2e-3 * distance.min(64.0) + 1e-12),
                    "{value} {element}: {mean}"
                );
            }
            for bits in [0u32, 1, 0x3c00, 0x0400, 0x7bff, 0x83ff] {
                assert_eq!(stochastic(value_of(bits, element), element, u32::MAX), bits);
            }
        }
    }
}
