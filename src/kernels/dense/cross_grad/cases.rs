//! The cases of `cross_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::cross::cases::SHAPES;
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(43);
    let mut all = Vec::new();
    for (rows, cols, gap) in SHAPES {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            for (through, accumulate) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let params = Params {
                    rows,
                    cols,
                    grad_base: gap,
                    grad_stride: cols + gap,
                    x0_base: gap / 2,
                    x0_stride: cols + 2 * gap,
                    product_base: 1,
                    product_stride: cols + gap % 2,
                    bias_base: gap,
                    product_grad_base: gap,
                    product_grad_stride: cols + gap / 2,
                    x0_grad_base: 2 * gap,
                    x0_grad_stride: cols + gap,
                    through,
                    accumulate,
                };
                let mut matrix = |rows: u32, base: u32, stride: u32| {
                    let elements = base + (rows - 1) * stride + cols;
                    CaseBinding::floats(&random.floats((elements * width) as usize))
                };
                let bindings = Bindings {
                    grad: matrix(rows, params.grad_base, params.grad_stride),
                    x0: matrix(rows, params.x0_base, params.x0_stride),
                    product: matrix(rows, params.product_base, params.product_stride),
                    bias: matrix(1, params.bias_base, cols),
                    product_grad: matrix(rows, params.product_grad_base, params.product_grad_stride),
                    x0_grad: matrix(rows, params.x0_grad_base, params.x0_grad_stride),
                };
                let name = format!("{rows}x{cols} gap={gap} through={through} accumulate={accumulate}");
                let groups = (rows * cols).div_ceil(KERNEL.variants[variant].workgroup);
                let case = Case::new(name, [variant], &params, bindings, groups);
                let values = u64::from(rows * cols * width);
                let bench = rows == 2048 && (through, accumulate) == (0, 1);
                all.push(if bench { case.bench(values * 24, values * 4) } else { case });
            }
        }
    }
    all
}
