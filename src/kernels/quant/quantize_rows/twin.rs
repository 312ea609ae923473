//! Twin of `quantize_rows.wgsl`.

use crate::cpu::parallel;
use crate::cpu::row_codes::encode;
use crate::cpu::simd::vectorised;
use crate::cpu::types::{nearest, pack, unpack};
use crate::kernel::elements::{TYPE_F16, TYPE_F32, bits, header_words};
use crate::kernels::feature::NONE;
use crate::kernels::quantize_rows::View;

/// Rows that one task takes.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status[0] != NONE || p.rows == 0 {
        return;
    }
    let source = call.rows;
    let out = &mut call.out[p.out_base as usize..][..(p.rows * p.out_stride) as usize];
    let (dim, stride) = (p.dim as usize, p.out_stride as usize);
    parallel::pieces(out, stride * ROWS, &|task, out| {
        let (mut row, mut errors) = (vec![0.0; dim], vec![0.0; dim]);
        vectorised(
            #[inline(always)]
            || {
                for (index, out) in (task * ROWS..).zip(out.chunks_mut(stride)) {
                    let element = p.source_base as usize + index * p.source_stride as usize;
                    // rows of 16-bit elements begin at whole words
                    let word = element * bits(p.rows_type) as usize / 32;
                    unpack(&source[word..], p.rows_type, &mut row);
                    if header_words(p.out_type) > 0 {
                        encode(&row, p.out_type, p.greedy == 1, &mut errors, out);
                    } else if p.out_type == TYPE_F32 {
                        out.copy_from_slice(bytemuck::cast_slice(&row));
                    } else if p.out_type == TYPE_F16 {
                        pack(&row, out, |value, _| nearest(value, TYPE_F16));
                    } else {
                        pack(&row, out, |value, _| nearest(value, p.out_type));
                    }
                }
            },
        );
    });
}
