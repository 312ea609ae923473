//! The gradient of `interaction`.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
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
    Bindings {
        input: read [f32] as "array<Elem>",
        grad: read [f32],
        out: write [f32] as "array<Elem>",
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
                "dense/interaction_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "interaction_grad",
    about: "out_i = sum over j of grad_ij x_j, plus the gradient of the copy for i = 0",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

/// Threads for a batch.
pub(crate) fn threads(p: &Params) -> u32 {
    p.rows * p.features.div_ceil(4) * p.dim.div_ceil(16)
}
