//! Binary cross-entropy with logits.

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
        logits_base: u32,
        logits_stride: u32,
        labels_base: u32,
        labels_stride: u32,
        weights_base: u32,
        weights_stride: u32,
        /// Weights of a row: 0 (all are 1), 1, or one for each column.
        weights_cols: u32,
        loss_base: u32,
        loss_stride: u32,
        grad_base: u32,
        grad_stride: u32,
        /// Factor of the gradient.
        scale: f32,
    }
    Bindings {
        logits: read [f32],
        labels: read [f32],
        weights: read [f32],
        loss: write [f32],
        grad: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bce",
    about: "loss = w (max(z, 0) - z y + log(1 + exp(-|z|))); grad = scale w (sigmoid(z) - y)",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/sigmoid.wgsl", "dense/bce.wgsl"],
    }],
    parity: Parity::Transcendental,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
