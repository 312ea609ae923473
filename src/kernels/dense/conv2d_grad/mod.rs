//! The gradients of a convolution's taps and biases.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        examples: u32,
        /// Channels of the gradient; the input has one.
        channels: u32,
        rows: u32,
        cols: u32,
        /// Elements where the matrices begin, and from example to example.
        input_base: u32,
        input_example: u32,
        grad_base: u32,
        grad_example: u32,
        /// Examples that are added up to one slice.
        together: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        grad: read [f32] as "array<Elem>",
        /// For each slice and channel nine taps and a bias.
        out: write [f32],
    }
}

const WORKGROUP: u32 = 64;
/// The taps of a channel, and its bias.
pub(crate) const VALUES: u32 = 10;

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[("VALUES", VALUES)],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                "dense/conv2d/beside.wgsl",
                concat!("dense/conv2d/beside_", $width, ".wgsl"),
                "dense/conv2d_grad.wgsl"
            ],
        }
    };
}

/// Slices that the examples are cut into.
pub(crate) fn slices(p: &Params) -> u32 {
    p.examples.div_ceil(p.together)
}

/// Steps of a thread's loop for one example.
pub(crate) fn iterations(rows: usize, cols: usize) -> usize {
    rows.saturating_mul(cols.div_ceil(4)).div_ceil(WORKGROUP as usize)
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv2d_grad",
    about: "out[s][o] = sums over the slice's examples of g[o][r][c] x[r + j - 1][c + k - 1], and of g[o][r][c]",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
