//! Twin of `dequantize_rows.wgsl`.

use crate::cpu::parallel;
use crate::cpu::rows::{Rows, with_rows};
use crate::cpu::simd::vectorised;
use crate::kernels::dequantize_rows::{Params, View};

/// Rows that one task takes.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    with_rows!(p.rows_type, rows => all_rows(call, p, rows));
}

fn all_rows<R: Rows>(call: View<'_>, p: Params, format: R) {
    if p.rows == 0 {
        return;
    }
    let rows = bytemuck::cast_slice::<u32, R::Element>(call.rows);
    let (dim, stride) = (p.dim as usize, p.out_stride as usize);
    let len = (p.rows as usize - 1) * stride + dim;
    let out = &mut call.out[p.out_base as usize..][..len];
    parallel::pieces(out, stride * ROWS, &|task, out| {
        vectorised(
            #[inline(always)]
            || {
                for (index, out) in (task * ROWS..).zip(out.chunks_mut(stride)) {
                    let row = p.source_base as usize + index * p.source_stride as usize;
                    let (blocks, tail) = out[..dim].as_chunks_mut::<16>();
                    let tail_column = blocks.len() * 16;
                    for (block, column) in blocks.iter_mut().zip((0..).step_by(16)) {
                        *block = format.values(rows, row, column).unwrap_or_default();
                    }
                    for (value, column) in tail.iter_mut().zip(tail_column..) {
                        let [one] = format.values(rows, row, column).unwrap_or_default();
                        *value = one;
                    }
                }
            },
        );
    });
}
