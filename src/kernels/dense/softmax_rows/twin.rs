//! Twin of `softmax_rows.wgsl`.

use crate::cpu::parallel;
use crate::cpu::powers::exp_2_or_zero;
use crate::cpu::row_sum::row_total;
use crate::cpu::simd::vectorised;
use crate::kernels::softmax_rows::View;

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
                    let most = x.iter().fold(f32::NEG_INFINITY, |most, x| most.max(*x));
                    for (out, x) in out[..cols].iter_mut().zip(x) {
                        *out = exp_2_or_zero((x - most) * p.rate);
                    }
                    let total = row_total(&out[..cols]);
                    out[..cols].iter_mut().for_each(|out| *out /= total);
                }
            },
        );
    });
}
