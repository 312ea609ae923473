//! Twin of `segment_sum.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::segment_sum::View;
use crate::kernels::width::Width;

/// Sums that one task makes.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns() as usize;
    if call.status.refused() {
        return;
    }
    let offsets = &call.offsets[p.first as usize..];
    let (begins, values, out) = (call.begins, call.values, call.out);
    let elements = |count: u32| count as usize * width;
    let (dim, stride) = (elements(p.dim), elements(p.values_stride));
    let values = &values[elements(p.values_base)..];
    let (segments, piece) = (p.segments as usize, p.piece as usize);
    let rows = if piece == 0 { p.rows } else { begins[segments] } as usize;
    // the rows of values that a sum is made of
    let range = |row: usize| {
        if piece == 0 {
            return offsets[row] as usize..offsets[row + 1] as usize;
        }
        let segment = begins[..segments].partition_point(|&begin| begin as usize <= row) - 1;
        let begin = offsets[segment] as usize + (row - begins[segment] as usize) * piece;
        begin..(begin + piece).min(offsets[segment + 1] as usize)
    };
    let out = &mut out[elements(p.out_base)..];
    let end = (rows * elements(p.out_stride)).min(out.len());
    parallel::pieces(&mut out[..end], elements(p.out_stride) * ROWS, &|task, out| {
        for (out, row) in out.chunks_mut(elements(p.out_stride)).zip(task * ROWS..) {
            let (out, range) = (&mut out[..dim], range(row));
            vectorised(
                #[inline(always)]
                || {
                    out.fill(0.0);
                    for at in range {
                        for (sum, value) in out.iter_mut().zip(&values[at * stride..][..dim]) {
                            *sum += value;
                        }
                    }
                },
            );
        }
    });
}
