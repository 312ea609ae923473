//! Twin of `prelude/codes.wgsl`.

/// `1.5 * 2^23`: added to a small number it leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// The 8-bit code of a value: `clamp(round(value * inverse) + zero_point, 0, 255)`, ties to even; of a NaN 0.
#[inline(always)]
pub(crate) fn code(value: f32, inverse: f32, zero_point: u32) -> u8 {
    let t = value * inverse;
    // a NaN is not larger
    let t = if t > -512.0 { t } else { -512.0 };
    let t = if t < 512.0 { t } else { 512.0 };
    let rounded = (t + ROUND).to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(zero_point).cast_signed();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    {
        rounded.clamp(0, 255) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_rounded_to_even_and_clamped() {
        for (value, expected) in [
            (0.0, 100),
            (0.5, 100),
            (1.5, 102),
            (-0.5, 100),
            (-1.5, 98),
            (154.6, 255),
            (1e30, 255),
            (-100.4, 0),
            (f32::INFINITY, 255),
            (f32::NEG_INFINITY, 0),
            (f32::NAN, 0),
        ] {
            assert_eq!(code(value, 1.0, 100), expected, "{value}");
        }
    }
}
