//! The cases of `activation_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::linear::{ACTIVATION_RELU, ACTIVATION_SIGMOID};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(32);
    let mut all = Vec::new();
    for activation in [ACTIVATION_RELU, ACTIVATION_SIGMOID] {
        for (rows, cols, gap) in [(1, 1, 0), (3, 5, 2), (7, 4, 4), (65, 12, 0), (2048, 256, 0)] {
            let params = Params {
                rows,
                cols,
                activated_base: gap,
                activated_stride: cols + gap,
                out_base: 2 * gap,
                out_stride: cols + 2 * gap,
                activation,
            };
            let mut floats = |len: u32| CaseBinding::floats(&random.floats(len as usize));
            let bindings = Bindings {
                activated: floats(gap + rows * (cols + gap)),
                out: floats(2 * gap + rows * (cols + 2 * gap)),
            };
            let vec4 = cols % 4 == 0 && gap % 4 == 0;
            let name = format!("{rows}x{cols} gap={gap} activation={activation}");
            let groups = threads(rows, cols).div_ceil(KERNEL.variants[0].workgroup);
            let case = Case::new(name, usize::from(!vec4)..2, &params, bindings, groups);
            let values = u64::from(rows * cols);
            all.push(if rows == 2048 { case.bench(values * 12, values * 2) } else { case });
        }
    }
    all
}
