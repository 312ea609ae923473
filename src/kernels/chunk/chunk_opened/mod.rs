//! Counts of chunks of new rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of a row.
        chunks: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_opened",
    about: "free slots after the chunks of new rows got theirs, and how many did",
    bindings: &[read("admitted"), write("free_count"), write("fresh_count")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_opened.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
