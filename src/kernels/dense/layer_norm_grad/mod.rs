//! The gradient of a layer normalization.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::normalize_rows::WORKGROUP;
pub(crate) use crate::kernels::normalize_rows::groups;

interface! {
    /// Uniform parameters.
    Params {
        /// Tokens of all examples.
        rows: u32,
        /// Values of a token.
        cols: u32,
        /// Tokens of an example.
        tokens: u32,
        /// Elements where the matrices begin, and from example to example.
        grad_base: u32,
        grad_stride: u32,
        out_base: u32,
        out_stride: u32,
        through_base: u32,
        through_stride: u32,
        affine_base: u32,
        /// Elements where these begin, token after token without gaps.
        normal_base: u32,
        deviation_base: u32,
        slices_base: u32,
        /// Tokens that are added up to one slice.
        together: u32,
        /// How many there is room for; those without a token are zeros.
        slices: u32,
        /// 1: the gradient is written to `through` too.
        passes: u32,
    }
    Bindings {
        grad: read [f32] as "array<Elem>",
        normal: read [f32] as "array<Elem>",
        /// 1 / sqrt(variance + eps) of every token.
        deviation: read [f32],
        affine: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
        /// For each slice the sums of `grad * normal`, and of `grad`.
        slices: write [f32] as "array<Elem>",
        through: write [f32] as "array<Elem>",
    }
}

/// The most tokens of a slice, which sixteen threads take; fewer must divide it.
pub(crate) const TOGETHER: u32 = 8;

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "prelude/lanes.wgsl",
                "prelude/inside.wgsl",
                concat!("dense/layer_norm_grad/", $width, ".wgsl"),
                "dense/layer_norm_grad.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "layer_norm_grad",
    about: "out = (g - mean(g) - normal mean(g normal)) / sqrt(var + eps), g = grad gain; slices: sums of grad normal, and of grad",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
