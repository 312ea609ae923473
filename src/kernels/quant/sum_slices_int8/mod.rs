//! Joins the slices of a product of 8-bit codes, and finishes it.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::linear_int8::OutputChannel;

interface! {
    /// Uniform parameters, as those of `linear_int8`.
    Params {
        /// The output's shape.
        m: u32,
        n: u32,
        /// How many slices.
        slices: u32,
        out_base: u32,
        out_stride: u32,
        activation: u32,
        coded: u32,
        out_inverse: f32,
        out_zero_point: u32,
    }
    Bindings {
        /// The sums of signed codes by slices, rows and outputs, all close together.
        slices: read [u32] as "array<i32>",
        channels: read [OutputChannel],
        quant: read [u32],
        out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sum_slices_int8",
    about: "out[m][n] = what linear_int8 makes of the sum over s of slices[s][m][n]",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/powers.wgsl",
            "prelude/sigmoid_exact.wgsl",
            "prelude/activation.wgsl",
            "prelude/activated.wgsl",
            "prelude/codes.wgsl",
            "quant/linear_int8/outputs.wgsl",
            "quant/sum_slices_int8.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
