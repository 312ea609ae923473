//! Twin of `segment_gradient.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::segment_gradient::View;
use crate::kernels::terms::{Terms, row_grad};

/// Rows that one task takes.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let first = p.first as usize;
    let total = call.total[0] as usize;
    let rows = total.saturating_sub(first).min(p.rows as usize);
    let begins = call.begins;
    let terms = Terms { terms: call.terms, grad: call.grad, clip_value: p.clip_value };
    let (out, counts) = (call.out, call.counts);
    let (dim, stride) = (p.dim as usize, p.out_stride as usize);
    let out = &mut out[p.out_base as usize..];
    let end = (rows * stride).min(out.len());
    let tasks = out[..end].chunks_mut(stride * ROWS).zip(counts[first..][..rows].chunks_mut(ROWS));
    parallel::each(tasks.enumerate(), &|(task, (out, counts))| {
        let begins = &begins[first + task * ROWS..];
        vectorised(
            #[inline(always)]
            || {
                for ((out, count), pair) in out.chunks_mut(stride).zip(counts).zip(begins.windows(2)) {
                    *count = pair[1] - pair[0];
                    row_grad(terms, pair[0] as usize..pair[1] as usize, &mut out[..dim]);
                }
            },
        );
    });
}
