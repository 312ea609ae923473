//! The elementwise half of a cross layer's backward pass.

use super::cross::SHAPES;
use super::random::Random;
use super::width::Width;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters; sizes and places, but for the rows, in elements of the variant's width.
    Params {
        rows: u32,
        cols: u32,
        /// Where the matrices begin, and from row to row.
        grad_base: u32,
        grad_stride: u32,
        x0_base: u32,
        x0_stride: u32,
        product_base: u32,
        product_stride: u32,
        bias_base: u32,
        product_grad_base: u32,
        product_grad_stride: u32,
        x0_grad_base: u32,
        x0_grad_stride: u32,
        /// 1: `x` is `x0`, so that the gradient which goes past the product is `x0`'s too.
        through: u32,
        /// 1: the gradient of `x0` is added to what is there.
        accumulate: u32,
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "cross_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "cross_grad",
    about: "product_grad = grad * x0; x0_grad = grad * (product + bias), or added to it",
    bindings: &[
        read("grad"),
        read("x0"),
        read("product"),
        read("bias"),
        write("product_grad"),
        write("x0_grad"),
    ],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::cross_grad::run,
    cases,
};

fn cases() -> Vec<Case> {
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
                let bindings = vec![
                    matrix(rows, params.grad_base, params.grad_stride),
                    matrix(rows, params.x0_base, params.x0_stride),
                    matrix(rows, params.product_base, params.product_stride),
                    matrix(1, params.bias_base, cols),
                    matrix(rows, params.product_grad_base, params.product_grad_stride),
                    matrix(rows, params.x0_grad_base, params.x0_grad_stride),
                ];
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
