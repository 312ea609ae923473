//! Utilities as they are now.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Chunks of all rows, and of one.
        len: u32,
        chunks: u32,
        /// Where the output begins.
        out_first: u32,
        /// The step that it is.
        step: u32,
        /// What a step leaves.
        decay: f32,
        /// Words of a row in `touch`.
        words: u32,
    }
    Bindings {
        utility: read [f32],
        /// Of each row first the step that it was last changed in.
        touch: read [u32],
        row_ids: read [u32],
        out: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_effective",
    about: "what time has left of each chunk's utility",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/powers.wgsl", "chunk/chunk_effective.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
