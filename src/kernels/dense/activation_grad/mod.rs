//! The gradient behind an activation.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrices begin, and from row to row.
        activated_base: u32,
        activated_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// `ACTIVATION_RELU` or `ACTIVATION_SIGMOID`.
        activation: u32,
    }
    Bindings {
        activated: read [f32] as "array<Elem>",
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
                "prelude/activation.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/activated_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "dense/activation_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "activation_grad",
    about: "out *= derivative of the activation, from its output y",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

/// Threads for a matrix.
pub(crate) fn threads(rows: u32, cols: u32) -> u32 {
    rows * cols.div_ceil(4)
}
