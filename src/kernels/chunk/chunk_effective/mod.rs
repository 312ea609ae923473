//! Utilities as they are now.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
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
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_effective",
    about: "what time has left of each chunk's utility",
    bindings: &[read("utility"), read("touch"), read("row_ids"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/powers.wgsl", "chunk/chunk_effective.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
