//! The cases of `threshold_mask`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(57);
    let mut all = Vec::new();
    for (rows, cols, gap) in
        [(1u32, 1u32, 0u32), (3, 5, 2), (65, 8, 4), (7, 64, 0), (33, 130, 1), (2048, 512, 0)]
    {
        for threshold in [0.0f32, 0.5] {
            let stride = cols + gap;
            let len = (gap + rows * stride) as usize;
            let [mut by, values] = [(); 2].map(|()| random.floats(len));
            by.iter_mut().step_by(3).for_each(|value| *value = 0.0);
            by.iter_mut().step_by(2).for_each(|value| *value = -*value);
            for width in Width::ALL {
                let elements = |values: u32| values / width.columns();
                if [cols, gap].into_iter().any(|values| !values.is_multiple_of(width.columns())) {
                    continue;
                }
                let (base, stride) = (elements(gap), elements(stride));
                let params = Params {
                    rows,
                    cols: elements(cols),
                    by_base: base,
                    by_stride: stride,
                    values_base: base,
                    values_stride: stride,
                    out_base: base,
                    out_stride: stride,
                };
                let bindings = Bindings {
                    threshold: CaseBinding::ints(&[threshold.to_bits()]),
                    by: CaseBinding::floats(&by),
                    values: CaseBinding::floats(&values),
                    out: CaseBinding::poisoned(len),
                };
                let groups = (rows * params.cols).div_ceil(64);
                let name = format!("{rows}x{cols} gap={gap} threshold={threshold} {width:?}");
                let case = Case::new(name, [width.variant()], &params, bindings, groups);
                let values = u64::from(rows * cols);
                all.push(if rows == 2048 && threshold > 0.0 { case.bench(values * 12, 0) } else { case });
            }
        }
    }
    all
}
