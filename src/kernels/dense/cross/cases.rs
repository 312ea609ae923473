//! The cases of `cross`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

/// Rows, columns and gap between rows, in elements.
pub(crate) const SHAPES: [(u32, u32, u32); 6] =
    [(1, 1, 0), (3, 5, 2), (65, 7, 1), (33, 16, 3), (300, 65, 0), (2048, 64, 0)];

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(42);
    let mut all = Vec::new();
    for (rows, cols, gap) in SHAPES {
        let widths = Width::ALL.map(|width| (width.variant(), width.columns()));
        for ((variant, width), skip) in widths.into_iter().flat_map(|width| [(width, 1), (width, 0)]) {
            // strides and beginnings all differ where there are gaps
            let params = Params {
                rows,
                cols,
                x0_base: gap,
                x0_stride: cols + gap,
                x_base: gap / 2,
                x_stride: cols + 2 * gap,
                product_base: 1,
                product_stride: cols + gap % 2,
                bias_base: gap,
                out_base: gap,
                out_stride: cols + gap / 2,
                skip,
            };
            let mut matrix = |rows: u32, base: u32, stride: u32| {
                let elements = base + (rows - 1) * stride + cols;
                CaseBinding::floats(&random.floats((elements * width) as usize))
            };
            let bindings = Bindings {
                x0: matrix(rows, params.x0_base, params.x0_stride),
                x: matrix(rows, params.x_base, params.x_stride),
                product: matrix(rows, params.product_base, params.product_stride),
                bias: matrix(1, params.bias_base, cols),
                out: matrix(rows, params.out_base, params.out_stride),
            };
            let groups = (rows * cols).div_ceil(KERNEL.variants[variant].workgroup);
            let case = Case::new(
                format!("{rows}x{cols} gap={gap} skip={skip}"),
                [variant],
                &params,
                bindings,
                groups,
            );
            let values = u64::from(rows * cols * width);
            all.push(if rows == 2048 && skip == 1 { case.bench(values * 16, values * 3) } else { case });
        }
    }
    all
}
