//! Twin of `threshold_mask.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::threshold_count::twin::{SIZE, is_sent};
use crate::kernels::threshold_mask::View;
use crate::kernels::width::Width;

/// Rows that one task takes.
const ROWS: usize = 32;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns();
    let values = |elements: u32| (elements * width) as usize;
    let (rows, cols) = (p.rows as usize, values(p.cols));
    let (by_stride, values_stride, stride) =
        (values(p.by_stride), values(p.values_stride), values(p.out_stride));
    let threshold = call.threshold[0];
    let out = &mut call.out[values(p.out_base)..][..(rows - 1) * stride + cols];
    parallel::pieces(out, stride * ROWS, &|task, out| {
        vectorised(
            #[inline(always)]
            || {
                for (row, out) in (task * ROWS..).zip(out.chunks_mut(stride)) {
                    let by = &call.by[values(p.by_base) + row * by_stride..][..cols];
                    let from = &call.values[values(p.values_base) + row * values_stride..][..cols];
                    for ((out, by), value) in out[..cols].iter_mut().zip(by).zip(from) {
                        *out = if is_sent(by & SIZE, threshold) { *value } else { 0 };
                    }
                }
            },
        );
    });
}
