//! The cases of `softmax_rows`.

use std::f32::consts::LOG2_E;

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

/// Rows, columns, gap.
pub(crate) const SHAPES: [(u32, u32, u32); 8] =
    [(1, 1, 0), (3, 2, 1), (5, 8, 4), (9, 27, 0), (7, 64, 0), (4, 65, 3), (2, 300, 0), (8192, 28, 0)];

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(64);
    let mut all = Vec::new();
    for (rows, cols, gap) in SHAPES {
        let (base, stride) = (gap, cols + gap);
        let len = (base + rows * stride) as usize;
        let params = Params {
            rows,
            cols,
            input_base: base,
            input_stride: stride,
            out_base: base,
            out_stride: stride,
            // every other case has values that are scaled
            rate: if rows.is_multiple_of(2) { LOG2_E } else { LOG2_E / 3.0 },
        };
        let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
        let fitting = Width::ALL.into_iter().filter(|&width| vec4 || width == Width::Scalar);
        let bindings = Bindings {
            input: CaseBinding::floats(&random.floats(len).iter().map(|x| x * 40.0).collect::<Vec<_>>()),
            out: CaseBinding::floats(&random.floats(len)),
        };
        let case = Case::new(
            format!("{rows}x{cols} gap={gap}"),
            fitting.map(Width::variant),
            &params,
            bindings,
            groups(rows),
        );
        let values = u64::from(rows * cols);
        all.push(if rows == 8192 { case.bench(values * 8, values * 12) } else { case });
    }
    all
}
