//! Twin of `softmax_rows_grad.wgsl`.

use crate::cpu::parallel;
use crate::cpu::row_sum::row_sum;
use crate::cpu::simd::vectorised;
use crate::kernels::softmax_rows_grad::View;

/// Rows that one task takes.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, cols, stride) = (p.rows as usize, p.cols as usize, p.out_stride as usize);
    let input = &call.input[p.input_base as usize..];
    let grad = &call.grad[p.grad_base as usize..];
    let out = &mut call.out[p.out_base as usize..][..(rows - 1) * stride + cols];
    parallel::pieces(out, stride * ROWS, &|task, out| {
        vectorised(
            #[inline(always)]
            || {
                for (row, out) in (task * ROWS..).zip(out.chunks_mut(stride)) {
                    let y = &input[row * p.input_stride as usize..][..cols];
                    let g = &grad[row * p.grad_stride as usize..][..cols];
                    let along = row_sum(y, g);
                    for ((out, y), g) in out[..cols].iter_mut().zip(y).zip(g) {
                        *out = y * (g - along) * p.scale;
                    }
                }
            },
        );
    });
}
