//! The elementwise half of a cross layer, as in DCN-v2 (Wang et al., 2021).

use super::random::Random;
use super::width::Width;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters; all but the rows in elements of the variant's width.
    Params {
        rows: u32,
        cols: u32,
        /// Where the matrices begin, and from row to row.
        x0_base: u32,
        x0_stride: u32,
        x_base: u32,
        x_stride: u32,
        product_base: u32,
        product_stride: u32,
        bias_base: u32,
        out_base: u32,
        out_stride: u32,
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", concat!("prelude/elem_", $width, ".wgsl"), "cross.wgsl"],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "cross",
    about: "out[r][c] = x0[r][c] (product[r][c] + bias[c]) + x[r][c]",
    bindings: &[read("x0"), read("x"), read("product"), read("bias"), write("out")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::cross::run,
    cases,
};

/// Rows, columns and gap between rows, in elements.
pub(super) const SHAPES: [(u32, u32, u32); 6] =
    [(1, 1, 0), (3, 5, 2), (65, 7, 1), (33, 16, 3), (300, 65, 0), (2048, 64, 0)];

fn cases() -> Vec<Case> {
    let mut random = Random::new(42);
    let mut all = Vec::new();
    for (rows, cols, gap) in SHAPES {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
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
            };
            let mut matrix = |rows: u32, base: u32, stride: u32| {
                let elements = base + (rows - 1) * stride + cols;
                CaseBinding::floats(&random.floats((elements * width) as usize))
            };
            let bindings = vec![
                matrix(rows, params.x0_base, params.x0_stride),
                matrix(rows, params.x_base, params.x_stride),
                matrix(rows, params.product_base, params.product_stride),
                matrix(1, params.bias_base, cols),
                matrix(rows, params.out_base, params.out_stride),
            ];
            let groups = (rows * cols).div_ceil(KERNEL.variants[variant].workgroup);
            let case = Case::new(format!("{rows}x{cols} gap={gap}"), [variant], &params, bindings, groups);
            let values = u64::from(rows * cols * width);
            all.push(if rows == 2048 { case.bench(values * 16, values * 3) } else { case });
        }
    }
    all
}
