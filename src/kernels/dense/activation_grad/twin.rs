//! Twin of `activation_grad.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::activation_grad::View;
use crate::kernels::linear::ACTIVATION_RELU;

/// Rows that one task takes.
const ROWS: usize = 32;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, cols) = (p.rows as usize, p.cols as usize);
    let (y_stride, stride) = (p.activated_stride as usize, p.out_stride as usize);
    let y = &call.activated[p.activated_base as usize..][..(rows - 1) * y_stride + cols];
    let out = &mut call.out[p.out_base as usize..][..(rows - 1) * stride + cols];
    parallel::each(out.chunks_mut(stride * ROWS).zip(y.chunks(y_stride * ROWS)), &|(out, y)| {
        vectorised(
            #[inline(always)]
            || {
                for (out, y) in out.chunks_mut(stride).zip(y.chunks(y_stride)) {
                    let pairs = out[..cols].iter_mut().zip(&y[..cols]);
                    if p.activation == ACTIVATION_RELU {
                        pairs.for_each(|(grad, &y)| *grad = if y > 0.0 { *grad } else { 0.0 });
                    } else {
                        pairs.for_each(|(grad, &y)| *grad *= y * (1.0 - y));
                    }
                }
            },
        );
    });
}
