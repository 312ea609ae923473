//! The cases of `copy_rows`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(41);
    let mut all = Vec::new();
    for (rows, cols, gap) in [(1u32, 1u32, 0u32), (3, 5, 2), (65, 7, 1), (300, 16, 0), (2048, 16, 112)] {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            let params = Params {
                rows,
                cols,
                source_base: gap / 2,
                source_stride: cols + gap,
                out_base: 1,
                out_stride: cols + gap % 3,
            };
            let len = |base: u32, stride: u32| (base + (rows - 1) * stride + cols) as usize * width as usize;
            let bindings = Bindings {
                source: CaseBinding::floats(&random.floats(len(params.source_base, params.source_stride))),
                out: CaseBinding::floats(&random.floats(len(params.out_base, params.out_stride))),
            };
            let groups = (rows * cols).div_ceil(KERNEL.variants[variant].workgroup);
            let name = format!("{rows}x{cols} gap={gap}");
            let case = Case::new(name, [variant], &params, bindings, groups);
            let bytes = u64::from(rows * cols) * u64::from(width) * 8;
            all.push(if rows == 2048 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
