//! Twin of `normalize_rows.wgsl`.

use crate::cpu::norm::norm;
use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::normalize_rows::View;

/// Rows that one task takes.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, cols, stride) = (p.rows as usize, p.cols as usize, p.out_stride as usize);
    let input = &call.input[p.input_base as usize..];
    let out = &mut call.out[p.out_base as usize..][..(rows - 1) * stride + cols];
    parallel::pieces(out, stride * ROWS, &|task, out| {
        vectorised(
            #[inline(always)]
            || {
                for (row, out) in (task * ROWS..).zip(out.chunks_mut(stride)) {
                    let x = &input[row * p.input_stride as usize..][..cols];
                    let norm = norm(x);
                    let divisor = norm.root.max(p.eps * norm.times);
                    for (out, x) in out[..cols].iter_mut().zip(x) {
                        *out = x * norm.times / divisor;
                    }
                }
            },
        );
    });
}
