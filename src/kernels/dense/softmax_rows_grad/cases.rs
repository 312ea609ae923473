//! The cases of `softmax_rows_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::softmax_rows::cases::SHAPES;
use crate::kernels::softmax_rows::groups;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(65);
    let mut all = Vec::new();
    for (rows, cols, gap) in SHAPES {
        let (base, stride) = (gap, cols + gap);
        let len = (base + rows * stride) as usize;
        let params = Params {
            rows,
            cols,
            input_base: base,
            input_stride: stride,
            grad_base: base,
            grad_stride: stride,
            out_base: base,
            out_stride: stride,
            scale: if rows.is_multiple_of(2) { 1.0 } else { 1.0 / 3.0 },
        };
        let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
        let fitting = Width::ALL.into_iter().filter(|&width| vec4 || width == Width::Scalar);
        let bindings = Bindings {
            input: CaseBinding::floats(&random.floats(len)),
            grad: CaseBinding::floats(&random.floats(len)),
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
        all.push(if rows == 8192 { case.bench(values * 12, values * 5) } else { case });
    }
    all
}
