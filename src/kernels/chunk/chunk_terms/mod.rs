//! Terms of chunks whose gradients have been summed.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows, and chunks of a row.
        len: u32,
        chunks: u32,
        /// Columns of a chunk.
        width: u32,
    }
    Bindings {
        sorted: read [u32],
        /// Of each key where it was before.
        positions: read [u32],
        occurrences: read [u32],
        keys: write [u32],
        terms: write [[u32; 2]],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_terms",
    about: "sorted chunks with a term for each, and how often their rows occurred",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
