//! The layer normalization of a sum of parts and a shortcut.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::normalize_rows::WORKGROUP;
pub(crate) use crate::kernels::normalize_rows::{groups, iterations};

interface! {
    /// Uniform parameters.
    Params {
        /// Tokens of all examples.
        rows: u32,
        /// Values of a token.
        cols: u32,
        /// Tokens of an example.
        tokens: u32,
        /// Parts, and elements from one to the next in an example's row.
        parts: u32,
        part_step: u32,
        /// Elements where the matrices begin, and from example to example.
        parts_base: u32,
        parts_stride: u32,
        shortcut_base: u32,
        shortcut_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// Elements where these begin, token after token without gaps.
        normal_base: u32,
        deviation_base: u32,
        /// Where the gain begins, and how far from it the bias.
        affine_base: u32,
        affine_stride: u32,
        /// 1: parts are added by their weights.
        weighted: u32,
        weights_base: u32,
        /// What is added to variances.
        eps: f32,
    }
    Bindings {
        parts: read [f32] as "array<Elem>",
        weights: read [f32],
        shortcut: read [f32] as "array<Elem>",
        affine: read [f32] as "array<Elem>",
        out: write [f32] as "array<Elem>",
        normal: write [f32] as "array<Elem>",
        /// 1 / sqrt(variance + eps) of every token.
        deviation: write [f32],
    }
}

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
                concat!("dense/layer_norm/", $width, ".wgsl"),
                "dense/layer_norm.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "layer_norm",
    about: "out = (z - mean(z)) / sqrt(var(z) + eps) gain + bias of each token, z = sum of w_i part_i + shortcut",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
