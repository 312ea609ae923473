//! The gradient of `interaction`.

use super::interaction::{SHAPES, pairs};
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Examples.
        rows: u32,
        features: u32,
        dim: u32,
        /// Elements where the matrices begin, and from row to row.
        input_base: u32,
        input_stride: u32,
        grad_base: u32,
        grad_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// 1: the gradient begins with that of the copy of feature 0.
        dense_part: u32,
        /// 1: pairs (i, i) too.
        diagonal: u32,
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
                concat!("prelude/input_", $width, ".wgsl"),
                // rows of the gradient are as long as there are pairs, so rarely in fours
                "prelude/grad_scalar.wgsl",
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/pairs.wgsl",
                "interaction_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "interaction_grad",
    about: "out_i = sum over j of grad_ij x_j, plus the gradient of the copy for i = 0",
    bindings: &[read("input"), read("grad"), write("out")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::interaction_grad::run,
    cases,
};

/// Threads for a batch.
pub(crate) fn threads(p: &Params) -> u32 {
    p.rows * p.features.div_ceil(4) * p.dim.div_ceil(16)
}

fn cases() -> Vec<Case> {
    let mut random = Random::new(35);
    let mut all = Vec::new();
    for (rows, features, dim, gap, dense_part, diagonal) in SHAPES {
        let columns = pairs(features, diagonal) + dim * dense_part;
        let params = Params {
            rows,
            features,
            dim,
            input_base: gap,
            input_stride: features * dim + gap,
            grad_base: gap,
            grad_stride: columns + gap,
            out_base: gap,
            out_stride: features * dim + gap,
            dense_part,
            diagonal,
        };
        let mut floats = |len: u32| CaseBinding::floats(&random.floats(len as usize));
        let x = floats(gap + rows * params.input_stride);
        let grad = floats(gap + rows * params.grad_stride);
        let out = CaseBinding::poisoned((gap + rows * params.out_stride) as usize);
        let vec4 = dim % 4 == 0 && gap % 4 == 0;
        let case = Case::new(
            format!("B={rows} F={features} D={dim} gap={gap} dense={dense_part} diagonal={diagonal}"),
            usize::from(!vec4)..2,
            &params,
            vec![x, grad, out],
            threads(&params).div_ceil(KERNEL.variants[0].workgroup),
        );
        let moved = 2 * u64::from(features * dim) + u64::from(columns);
        let flops = 2 * u64::from(features * features * dim);
        all.push(if rows == 256 {
            case.bench(4 * u64::from(rows) * moved, u64::from(rows) * flops)
        } else {
            case
        });
    }
    all
}
