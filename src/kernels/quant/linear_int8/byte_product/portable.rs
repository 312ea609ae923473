//! On any processor.

use super::{OUTPUTS, PANEL};
use crate::cpu::simd::vectorised;

pub(super) fn products(
    codes: &[u32],
    words: usize,
    weights: &[u32],
    mut finish: impl FnMut(usize, &[i32; OUTPUTS]),
) {
    let mut sums = [0; OUTPUTS];
    for (row, codes) in codes.chunks(words).enumerate() {
        vectorised(
            #[inline(always)]
            || {
                for (panel, sums) in weights.chunks(words * PANEL).zip(sums.chunks_mut(PANEL)) {
                    let mut all = [0i32; PANEL];
                    for (code, weights) in codes.iter().zip(panel.chunks(PANEL)) {
                        for k in 0..4 {
                            let code = i32::from(code.to_le_bytes()[k]);
                            for (sum, weight) in all.iter_mut().zip(weights) {
                                *sum += code * i32::from(weight.to_le_bytes()[k].cast_signed());
                            }
                        }
                    }
                    sums.copy_from_slice(&all);
                }
            },
        );
        finish(row, &sums);
    }
}
