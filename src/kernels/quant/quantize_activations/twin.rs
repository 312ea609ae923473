//! Twin of `quantize_activations.wgsl`.

use crate::cpu::codes::code;
use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::quantize_activations::View;

/// Rows that one task takes at least.
const ROWS: usize = 4;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (cols, stride, width) = (p.cols as usize, p.input_stride as usize, p.words as usize * 4);
    let x = &call.input[p.input_base as usize..][..(p.rows as usize - 1) * stride + cols];
    let &[scale, zero_point] = call.quant.first_chunk().unwrap_or(&[0; 2]);
    let inverse = 1.0 / f32::from_bits(scale);
    let codes = &mut call.codes[p.codes_base as usize * 4..][..p.rows as usize * width];
    parallel::each(codes.chunks_mut(width * ROWS).zip(x.chunks(stride * ROWS)), &|(codes, rows)| {
        vectorised(
            #[inline(always)]
            || {
                for (codes, row) in codes.chunks_mut(width).zip(rows.chunks(stride)) {
                    let (codes, behind) = codes.split_at_mut(cols);
                    for (code_out, &value) in codes.iter_mut().zip(row) {
                        *code_out = code(value, inverse, zero_point);
                    }
                    behind.fill(0);
                }
            },
        );
    });
}
