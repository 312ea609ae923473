//! The cases of `gather_columns`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, rows, cols, most, gap) in [
        ("none", 3u32, 5u32, 0, 0),
        ("some", 7, 9, 3, 2),
        ("many", 1, 4, 600, 0),
        ("copies", 2048, 128, 1, 0),
    ] {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            let mut random = Random::new(61);
            let (mut begins, mut columns) = (vec![0], Vec::new());
            for _ in 0..cols {
                let count = if name == "copies" { 1 } else { random.below(most + 1) };
                columns.extend((0..count).map(|_| random.below(cols + 1)));
                begins.push(narrow(columns.len()));
            }
            let params = Params {
                rows,
                cols,
                input_base: gap,
                input_stride: cols + 1 + gap,
                out_base: 2 * gap,
                out_stride: cols + gap,
            };
            let size = |base, stride| ((base + rows * stride) * width) as usize;
            let bindings = Bindings {
                begins: CaseBinding::ints(&begins),
                columns: CaseBinding::ints(&columns),
                input: CaseBinding::floats(&random.floats(size(params.input_base, params.input_stride))),
                out: CaseBinding::poisoned(size(params.out_base, params.out_stride)),
            };
            let case = Case::new(name, [variant], &params, bindings, (rows * cols).div_ceil(256));
            let bytes = u64::from(rows * cols) * u64::from(width) * 8;
            all.push(if name == "copies" { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
