//! Counts of chunks of new rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Chunks of a row.
        chunks: u32,
    }
    Bindings {
        admitted: read [u32],
        free_count: write [u32],
        /// How many chunks are fresh.
        fresh_count: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_opened",
    about: "free slots after the chunks of new rows got theirs, and how many did",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_opened.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
