//! Twin of `activation_scale.wgsl`.

use crate::cpu::key_range::keyed_float;
use crate::kernels::activation_scale::View;

/// The least scale, and what stands for one that is nearly none.
const LEAST_SCALE: f32 = 6.1e-5;
const NEARLY_NONE: f32 = f32::MIN_POSITIVE;
const NO_RANGE_SCALE: f32 = 0.1;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let pairs = &call.keys[..p.pairs as usize];
    let [low, high] =
        pairs.iter().fold([u32::MAX, 0], |[low, high], pair| [low.min(pair[0]), high.max(pair[1])]);
    let quant = call.quant;
    (quant[0], quant[1]) = match quant_of(keyed_float(low), keyed_float(high), p.levels) {
        Some((scale, zero_point)) => (scale.to_bits(), zero_point),
        None => (f32::NAN.to_bits(), 0),
    };
}

/// Scale and zero point for the values from `low` to `high` and codes from 0 to `levels`, one less than a
/// power of two; none if the range is not finite.
pub(crate) fn quant_of(low: f32, high: f32, levels: u32) -> Option<(f32, u32)> {
    if !(low.is_finite() && high.is_finite() && (high - low).is_finite()) {
        return None;
    }
    let levels = levels as f32;
    let below = low.min(0.0);
    let raw = scale_of(below, high.max(0.0), levels);
    let scale = if raw < NEARLY_NONE { NO_RANGE_SCALE } else { raw };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let zero_point = (-below / scale).round_ties_even().clamp(0.0, levels) as u32;
    Some((scale.max(LEAST_SCALE), zero_point))
}

/// `(high - low) / levels`, rounded once: what difference and quotient lose is added.
fn scale_of(low: f32, high: f32, levels: f32) -> f32 {
    let range = high - low;
    let back = range - high;
    let lost = (high - (range - back)) + (-low - back);
    let quotient = range / levels;
    // quotient * levels is this product, which is exact, less the quotient
    let scaled = quotient * (levels + 1.0);
    let product = scaled - quotient;
    let rest = (range - product) - ((scaled - product) - quotient) + lost;
    quotient + rest / levels
}

#[cfg(test)]
mod tests {
    use approx::abs_diff_eq;

    use super::*;
    use crate::kernels::random::Random;

    #[test]
    #[allow(clippy::cast_possible_truncation, reason = "as PyTorch rounds")]
    fn scales_are_those_of_double_precision() {
        let mut random = Random::new(5);
        let mut nudged = 0;
        for _ in 0..200_000 {
            let (low, high) = (-random.float().abs() * 3.0, random.float().abs() * 8.0);
            for levels in [127, 255] {
                let (scale, zero_point) = quant_of(low, high, levels).unwrap();
                let expected = (f64::from(high) - f64::from(low)) / f64::from(levels);
                assert_eq!(scale, (expected as f32).max(LEAST_SCALE), "{low:e} to {high:e}");
                let exact = f64::from(-low) / expected;
                nudged += i32::from(f64::from(zero_point) != exact.round_ties_even());
                assert!(
                    abs_diff_eq!(f64::from(zero_point), exact, epsilon = 0.500_02),
                    "{low:e} to {high:e}"
                );
            }
        }
        assert!(nudged <= 20, "{nudged} zero points are those of the other side of a tie");
    }
}
