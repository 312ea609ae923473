//! Twin of `copy_rows.wgsl`.

use crate::cpu::parallel;
use crate::kernels::copy_rows::View;
use crate::kernels::width::Width;

/// Rows that one task copies.
const ROWS: usize = 256;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns();
    let elements = |value: u32| (value * width) as usize;
    let (rows, cols) = (p.rows as usize, elements(p.cols));
    let (from_stride, to_stride) = (elements(p.source_stride), elements(p.out_stride));
    let span = |stride: usize| (rows - 1) * stride + cols;
    let source = &call.source[elements(p.source_base)..][..span(from_stride)];
    let out = &mut call.out[elements(p.out_base)..][..span(to_stride)];
    parallel::each(out.chunks_mut(to_stride * ROWS).zip(source.chunks(from_stride * ROWS)), &|(
        out,
        source,
    )| {
        for (out, source) in out.chunks_mut(to_stride).zip(source.chunks(from_stride)) {
            out[..cols].copy_from_slice(&source[..cols]);
        }
    });
}
