//! The cases of `round_rows`.

use super::*;
use crate::kernel::elements::{TYPE_BF16, TYPE_F16};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(6);
    let mut all = Vec::new();
    for (rows, cols, gap) in [(1u32, 1u32, 0u32), (3, 5, 2), (65, 7, 1), (300, 16, 0), (2048, 512, 0)] {
        for (out_type, stochastic) in [(TYPE_F16, 0), (TYPE_BF16, 0), (TYPE_F16, 1), (TYPE_BF16, 1)] {
            let row_words = cols.div_ceil(2);
            let params = Params {
                words: rows * row_words,
                row_words,
                cols,
                source_base: gap,
                source_stride: cols + gap,
                out_base: 3,
                out_stride: row_words + gap,
                out_type,
                stochastic,
                seed: 0x9e37_79b9,
            };
            // values of all sizes, those beyond the type and below its smallest among them
            let len = gap + rows * (cols + gap);
            let values: Vec<f32> =
                (0..len).map(|k| random.float() * [1.0, 1e-6, 1e5, 1e-8][k as usize % 4]).collect();
            let bindings = Bindings {
                source: CaseBinding::floats(&values),
                out: CaseBinding::ints(&vec![7u32; (rows * params.out_stride) as usize + 5]),
            };
            let name = format!("{rows}x{cols} gap={gap} type={out_type} stochastic={stochastic}");
            let case = Case::new(name, [0], &params, bindings, params.words.div_ceil(64));
            let bytes = u64::from(rows * cols) * 6;
            all.push(if rows == 2048 && stochastic == 0 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
