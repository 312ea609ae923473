//! Slots of rows that leave.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows that leave, as far as they may.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "evict_chunks",
    about: "slots of rows that leave to the stack of free ones",
    bindings: &[
        read("credit"),
        read("rows"),
        read("places"),
        read("free_count"),
        write("free"),
        write("slots"),
        write("utility"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk/evict_chunks.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
