//! A 3 x 3 convolution, and the gradient of its input.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::width::Width;

interface! {
    /// Uniform parameters.
    Params {
        examples: u32,
        /// Channels of the input and of the output.
        channels: u32,
        outputs: u32,
        /// Of a channel; its rows lie one after the other, and channels behind each other.
        rows: u32,
        cols: u32,
        /// Elements where the matrices begin, and from example to example.
        input_base: u32,
        input_example: u32,
        out_base: u32,
        out_example: u32,
        /// Where the taps begin, and from channel to channel of the input and of the output.
        taps_base: u32,
        taps_input: u32,
        taps_output: u32,
        /// 1: the taps are turned by half a circle.
        turned: u32,
        /// 1: behind the taps of an output's channel is its bias.
        biased: u32,
        /// 1: the result is added to the output.
        accumulate: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        taps: read [f32],
        out: write [f32] as "array<Elem>",
    }
}

/// Of a pair of channels, row by row.
pub(crate) const TAPS: u32 = 9;

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[("TAPS", TAPS)],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "dense/conv2d/beside.wgsl",
                concat!("dense/conv2d/beside_", $width, ".wgsl"),
                "dense/conv2d.wgsl"
            ],
        }
    };
}

/// Threads that outputs take.
pub(crate) fn threads(p: &Params) -> u32 {
    p.examples * p.outputs * p.rows * p.cols.div_ceil(4)
}

/// The variant for columns and places that are multiples of four, or not.
pub(crate) fn variant(vec4: bool) -> usize {
    Width::of(vec4).variant()
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv2d",
    about: "out[o][r][c] = bias[o] + sum over i, j, k of taps[o][i][j][k] x[i][r + j - 1][c + k - 1], of every example",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
