//! The cases of `normalize_rows_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::normalize_rows::cases::{SHAPES, rows};
use crate::kernels::normalize_rows::groups;
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(53);
    let mut all = Vec::new();
    for (count, cols, gap) in SHAPES {
        let input = rows(&mut random, (count, cols, gap));
        let (base, stride) = (gap, cols + gap);
        let params = Params {
            rows: count,
            cols,
            input_base: base,
            input_stride: stride,
            grad_base: base,
            grad_stride: stride,
            out_base: base,
            out_stride: stride,
            eps: 1e-12,
        };
        let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
        let variants = Width::ALL.into_iter().filter(|&width| vec4 || width == Width::Scalar);
        let bindings = Bindings {
            input: CaseBinding::floats(&input),
            grad: CaseBinding::floats(&random.floats(input.len())),
            out: CaseBinding::floats(&random.floats(input.len())),
        };
        let name = format!("{count}x{cols} gap={gap}");
        let case = Case::new(name, variants.map(Width::variant), &params, bindings, groups(count));
        let values = u64::from(count * cols);
        all.push(if count == 2048 { case.bench(values * 12, values * 8) } else { case });
    }
    all
}
