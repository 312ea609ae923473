//! Matrix products through the `gemm` crate: the one place that calls it.

/// A matrix within a slice; the value of row `r` and column `c` lies at `r * row_stride + c * column_stride`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

impl View<'_> {
    fn holds(&self, rows: usize, cols: usize) -> bool {
        rows == 0
            || cols == 0
            || (rows - 1) * self.row_stride + (cols - 1) * self.column_stride < self.data.len()
    }
}

/// `out[m][n] = sum over k of a(m, k) b(k, n)`, or that added to it, with all of rayon's threads. `stride`:
/// values from row to row of `out`.
pub(crate) fn multiply(
    (m, n, k): (usize, usize, usize),
    a: View<'_>,
    b: View<'_>,
    out: &mut [f32],
    stride: usize,
    accumulate: bool,
) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(stride >= n && (m - 1) * stride + n <= out.len(), "out holds {} values", out.len());
    assert!(a.holds(m, k) && b.holds(k, n), "an operand is too short");
    // slices are no longer than isize::MAX
    let step = |stride: usize| stride.cast_signed();
    #[allow(unsafe_code, reason = "gemm's only interface takes pointers")]
    // SAFETY: the largest index of each matrix lies inside its slice (asserted above; with k = 0 the
    // operands are not read), `out` is borrowed mutably, so it overlaps neither operand, and f32 is one of
    // gemm's types. What `out` holds is read if it is added to; it is initialised.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            step(stride),
            accumulate,
            a.data.as_ptr(),
            step(a.column_stride),
            step(a.row_stride),
            b.data.as_ptr(),
            step(b.column_stride),
            step(b.row_stride),
            // the factor of what `out` holds, which is not read if there is none, and that of the product
            if accumulate { 1.0 } else { 0.0 },
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::Rayon(0),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_products_are_exact() {
        for (m, n, k) in [(1, 1, 1), (2, 3, 0), (3, 2, 5), (17, 9, 33)] {
            let a: Vec<f32> = (0..m * k).map(|i| (i % 5) as f32).collect();
            let b: Vec<f32> = (0..n * k).map(|i| (i % 7) as f32 - 3.0).collect();
            let mut out = vec![f32::NAN; m * (n + 2)];
            // b is stored by columns
            let left = View { data: &a, row_stride: k, column_stride: 1 };
            let right = View { data: &b, row_stride: 1, column_stride: k };
            multiply((m, n, k), left, right, &mut out, n + 2, false);
            for i in 0..m {
                for j in 0..n {
                    let expected: f32 = (0..k).map(|x| a[i * k + x] * b[j * k + x]).sum();
                    assert_eq!(out[i * (n + 2) + j], expected, "{m}x{n}x{k} at {i}, {j}");
                    out[i * (n + 2) + j] = 1.0 - expected;
                }
            }
            multiply((m, n, k), left, right, &mut out, n + 2, true);
            for row in out.chunks(n + 2) {
                assert!(row[..n].iter().all(|&value| value == 1.0), "{m}x{n}x{k}: {row:?} is not the sum");
                assert!(row[n..].iter().all(|value| value.is_nan()), "the gap was written");
            }
        }
    }

    #[test]
    #[should_panic(expected = "too short")]
    fn a_short_operand_is_refused() {
        let view = View { data: &[1.0; 5], row_stride: 3, column_stride: 1 };
        multiply((2, 2, 3), view, view, &mut [0.0; 4], 2, false);
    }
}
