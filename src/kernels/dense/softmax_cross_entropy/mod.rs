//! Softmax cross-entropy.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        /// Candidates of a row.
        cols: u32,
        /// Elements where the matrices begin, and from row to row.
        logits_base: u32,
        logits_stride: u32,
        log_q_base: u32,
        /// 1: `log_q` is taken from the logits.
        corrected: u32,
        /// 1: candidates that share the target's number are left out.
        grouped: u32,
        weights_base: u32,
        weights_stride: u32,
        /// 1: rows have weights.
        weighted: u32,
        loss_base: u32,
        loss_stride: u32,
        grad_base: u32,
        grad_stride: u32,
        /// Factor of the gradient.
        scale: f32,
    }
    Bindings {
        logits: read [f32],
        log_q: read [f32],
        /// The target of each row; then, if they are grouped, a number for each candidate, which equal ones
        /// share.
        marks: read [u32],
        weights: read [f32],
        loss: write [f32],
        grad: write [f32],
    }
}

/// Iterations of a thread's loops for rows of `cols` candidates.
pub(crate) fn iterations(cols: usize) -> usize {
    cols.div_ceil(WORKGROUP as usize) * 3 + 16
}

const WORKGROUP: u32 = 64;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "softmax_cross_entropy",
    about: "loss[r] = w (log(sum over c of exp(s[r][c])) - s[r][t]); grad = scale w (softmax(s) - [c = t]), \
            for s = logits - log q",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: WORKGROUP,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/powers.wgsl",
            "prelude/shares.wgsl",
            "dense/softmax_cross_entropy.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
