//! Twin of `round_rows.wgsl`.

use crate::cpu::parallel;
use crate::cpu::random_word;
use crate::cpu::simd::vectorised;
use crate::cpu::types::{nearest, pack, stochastic};
use crate::kernel::elements::{TYPE_BF16, TYPE_F16};
use crate::kernels::round_rows::View;
use crate::numbers::narrow;

/// Rows that one task takes.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (row_words, cols, stride) = (p.row_words as usize, p.cols as usize, p.out_stride as usize);
    let source = &call.source[p.source_base as usize..];
    let rows = p.words as usize / row_words;
    let out = &mut call.out[p.out_base as usize..][..(rows - 1) * stride + row_words];
    parallel::pieces(out, stride * ROWS, &|task, out| {
        vectorised(
            #[inline(always)]
            || {
                for (row, out) in (task * ROWS..).zip(out.chunks_mut(stride)) {
                    let out = &mut out[..row_words];
                    let values = &source[row * p.source_stride as usize..][..cols];
                    // the type is a constant in each loop
                    match (p.out_type, p.stochastic) {
                        (TYPE_F16, 0) => pack(values, out, |value, _| nearest(value, TYPE_F16)),
                        (_, 0) => pack(values, out, |value, _| nearest(value, TYPE_BF16)),
                        (element, _) => pack(values, out, |value, column| {
                            stochastic(value, element, random_word(p.seed, narrow(row), column))
                        }),
                    }
                }
            },
        );
    });
}
