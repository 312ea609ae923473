//! Twin of `column_sum.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::column_sum::{LANES, View};

/// Columns that one task takes.
const COLUMNS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, cols, stride) = (p.rows as usize, p.cols as usize, p.input_stride as usize);
    let x = &call.input[p.input_base as usize..][..(rows - 1) * stride + cols];
    let out = &mut call.out[p.out_base as usize..][..cols];
    parallel::pieces(out, COLUMNS, &|task, out| {
        vectorised(
            #[inline(always)]
            || {
                let first = task * COLUMNS;
                let mut lanes = [[0.0f32; COLUMNS]; LANES as usize];
                for (row, x) in x.chunks(stride).enumerate() {
                    let sums = &mut lanes[row % LANES as usize];
                    for (sum, value) in sums.iter_mut().zip(&x[first..first + out.len()]) {
                        *sum += value;
                    }
                }
                let mut half = LANES as usize / 2;
                while half > 0 {
                    let (low, high) = lanes.split_at_mut(half);
                    for (low, high) in low.iter_mut().zip(high) {
                        for (low, high) in low.iter_mut().zip(high) {
                            *low += *high;
                        }
                    }
                    half /= 2;
                }
                for (out, sum) in out.iter_mut().zip(lanes[0]) {
                    *out = if p.accumulate == 1 { *out + sum } else { sum };
                }
            },
        );
    });
}
