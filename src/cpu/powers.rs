//! Twin of `prelude/powers.wgsl`: powers made of products and sums alone.

/// `base^n`
#[inline(always)]
pub(crate) fn power(base: f32, n: u32) -> f32 {
    let (mut result, mut square, mut left) = (1.0, base, n);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

/// `1 - (1 - q)^n` for a small `q`: never the difference of two numbers near one.
#[inline(always)]
pub(crate) fn one_minus_power(q: f32, n: u32) -> f32 {
    let mut result = 0.0;
    for bit in (0..u32::BITS - n.leading_zeros()).rev() {
        result *= 2.0 - result;
        if n >> bit & 1 == 1 {
            result += (1.0 - result) * q;
        }
    }
    result
}

/// The logarithm to base 2 of a normal number above 0.
#[inline(always)]
pub(crate) fn log_2(x: f32) -> f32 {
    let bits = x.to_bits();
    // a mantissa from about 0.7 to 1.4, so that the series is short
    let exponent = bits.wrapping_sub(0x3f35_04f3).cast_signed() >> 23;
    let mantissa = f32::from_bits(bits.wrapping_sub(exponent.cast_unsigned() << 23));
    // 2 / ln 2 * atanh(t)
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let q = t * t;
    let series = (((0.320_598_9 * q + 0.412_198_58) * q + 0.577_078_02) * q + 0.961_796_7) * q + 2.885_39;
    exponent as f32 + t * series
}

/// `2^x` for `x` from -126 to 127.
#[inline(always)]
pub(crate) fn exp_2(x: f32) -> f32 {
    let whole = (x + 0.5).floor();
    // ln 2 to the powers of the series
    let f = (x - whole) * std::f32::consts::LN_2;
    let series =
        (((((0.001_388_888_9 * f + 0.008_333_333) * f + 0.041_666_668) * f + 0.166_666_67) * f + 0.5) * f
            + 1.0)
            * f
            + 1.0;
    // a sum whose last bits are the whole number: conversions that saturate are not vectorised
    let exponent = (whole + 12_582_912.0).to_bits().wrapping_sub(0x4b40_0000 - 127);
    series * f32::from_bits(exponent << 23)
}

/// `2^x` for `x` up to 0; 0 where that is less than `2^-100`, so that what is made of it is no subnormal
/// number, which some devices flush. A NaN stays one.
#[inline(always)]
pub(crate) fn exp_2_or_zero(x: f32) -> f32 {
    let small = x < -100.0;
    let power = exp_2(if small { 0.0 } else { x });
    if small { 0.0 } else { power }
}

#[cfg(test)]
mod tests {
    use approx::abs_diff_eq;

    use super::*;

    #[test]
    fn powers_are_exact_to_a_few_units() {
        let close =
            |ours: f32, exact: f64| abs_diff_eq!(f64::from(ours), exact, epsilon = 2e-6 * exact.abs() + 1e-9);
        for n in [1, 2, 3, 10, 999, 123_456] {
            // squares double their error with each further bit
            let error = |ours: f32, exact: f64| (f64::from(ours) - exact).abs() / exact;
            assert!(
                error(power(0.9999, n), f64::from(0.9999f32).powi(n.cast_signed()))
                    < 6e-8 * f64::from(n.max(2)),
                "{n}"
            );
            let exact = 1.0 - (1.0 - f64::from(0.001f32)).powi(n.cast_signed());
            assert!(error(one_minus_power(0.001, n), exact) < 2e-6, "{n}");
        }
        for i in 1..10_000 {
            let x = i as f32 * 0.037;
            assert!(close(log_2(x), f64::from(x).log2()), "{x}");
            assert!(close(exp_2(x * 0.3 - 50.0), f64::from(x * 0.3 - 50.0).exp2()), "{x}");
        }
    }
}
