//! The cases of `add_scaled`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(51);
    let mut all = Vec::new();
    for (rows, cols, gap) in
        [(1u32, 1u32, 0u32), (3, 5, 2), (65, 8, 4), (7, 64, 0), (33, 130, 1), (2048, 512, 0)]
    {
        for addend in [ADDEND_NONE, ADDEND_B, ADDEND_OUT] {
            let stride = cols + gap;
            let len = (gap + rows * stride) as usize;
            let [a, b, out] = [(); 3].map(|()| CaseBinding::floats(&random.floats(len)));
            for width in Width::ALL {
                let elements = |values: u32| values / width.columns();
                if [cols, gap].into_iter().any(|values| !values.is_multiple_of(width.columns())) {
                    continue;
                }
                let (base, stride) = (elements(gap), elements(stride));
                let params = Params {
                    rows,
                    cols: elements(cols),
                    a_base: base,
                    a_stride: stride,
                    b_base: base,
                    b_stride: stride,
                    out_base: base,
                    out_stride: stride,
                    factor: -1.75,
                    addend,
                };
                let bindings = Bindings { a: a.clone(), b: b.clone(), out: out.clone() };
                let groups = (rows * params.cols).div_ceil(64);
                let name = format!("{rows}x{cols} gap={gap} addend={addend} {width:?}");
                let case = Case::new(name, [width.variant()], &params, bindings, groups);
                let values = u64::from(rows * cols);
                let moved = if addend == ADDEND_NONE { 8 } else { 12 };
                all.push(if rows == 2048 { case.bench(values * moved, values * 2) } else { case });
            }
        }
    }
    all
}
