//! Twin of `prelude/norm.wgsl`: the length of a row.

use super::row_sum::row_sum;

/// `root` divided by what the values were multiplied by before they were squared. That is 1, but where the
/// sum of the squares would be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Norm {
    pub(crate) root: f32,
    pub(crate) times: f32,
}

/// 2^-80: the largest values have squares then that can be added up.
pub(crate) const SMALL: f32 = f32::from_bits((127 - 80) << 23);

/// The norm of a row.
#[inline(always)]
pub(crate) fn norm(values: &[f32]) -> Norm {
    let sum = row_sum(values, values);
    if sum == f32::INFINITY {
        return huge_norm(values);
    }
    Norm { root: sum.sqrt(), times: 1.0 }
}

#[cold]
#[inline(never)]
fn huge_norm(values: &[f32]) -> Norm {
    let small: Vec<f32> = values.iter().map(|value| value * SMALL).collect();
    Norm { root: row_sum(&small, &small).sqrt(), times: SMALL }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn rows_whose_squares_overflow_have_a_length() {
        assert_eq!(norm(&[3.0, 4.0]), Norm { root: 5.0, times: 1.0 });
        for size in [1e20f32, 1e30, 8e37] {
            let Norm { root, times } = norm(&[3.0 * size, 4.0 * size]);
            let length = f64::from(root) / f64::from(times);
            assert_abs_diff_eq!(length / (5.0 * f64::from(size)), 1.0, epsilon = 1e-6);
        }
        // longer than the largest float
        let Norm { root, times } = norm(&[f32::MAX; 4]);
        assert_abs_diff_eq!(f64::from(root) / f64::from(times) / f64::from(f32::MAX), 2.0, epsilon = 1e-6);
        assert_eq!(norm(&[f32::INFINITY, 1.0]).root, f32::INFINITY);
        assert!(norm(&[f32::NAN, 1e30]).root.is_nan());
    }
}
