//! Twin of `decide/tanh_exact.wgsl`.

use crate::cpu::powers::exp_2;

/// The hyperbolic tangent by products and sums alone; the exponent is never positive, so that nothing
/// overflows.
#[inline(always)]
pub(crate) fn tanh_exact(z: f32) -> f32 {
    let t = exp_2(-(z.abs() * (2.0 * std::f32::consts::LOG2_E)).min(126.0));
    let size = (1.0 - t) / (1.0 + t);
    if z >= 0.0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::tanh_exact;

    #[test]
    fn it_is_exact_to_a_few_units_of_one() {
        for i in -2000..2000i16 {
            let x = f32::from(i) * 0.01;
            assert!((f64::from(tanh_exact(x)) - f64::from(x).tanh()).abs() < 3e-7, "{x}");
        }
    }
}
