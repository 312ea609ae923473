//! Terms of chunks whose gradients have been summed.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows, and chunks of a row.
        len: u32,
        chunks: u32,
        /// Columns of a chunk.
        width: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_terms",
    about: "sorted chunks with a term for each, and how often their rows occurred",
    bindings: &[read("sorted"), read("positions"), read("occurrences"), write("keys"), write("terms")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
