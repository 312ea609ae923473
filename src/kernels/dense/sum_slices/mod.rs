//! Joins the slices of a matrix product, and finishes it.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// The output's shape.
        m: u32,
        n: u32,
        /// How many slices.
        slices: u32,
        /// Element where the output begins, and elements from row to row.
        out_base: u32,
        out_stride: u32,
        bias_base: u32,
        /// As those of `linear`.
        biased: u32,
        activation: u32,
        accumulate: u32,
    }
    Bindings {
        slices: read [f32],
        bias: read [f32],
        out: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sum_slices",
    about: "out[m][n] = activation(sum over s of slices[s][m][n] + bias[n])",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/sigmoid.wgsl",
            "prelude/activation.wgsl",
            "prelude/activated.wgsl",
            "dense/linear/finish.wgsl",
            "dense/sum_slices.wgsl"
        ],
    }],
    parity: Parity::Transcendental,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
