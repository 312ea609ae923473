//! Chunks of new rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// No fewer than the new rows.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// The table's number.
        table: u32,
        /// The step that it is.
        step: u32,
        /// Words of a row in `touch`, and what becomes of the second.
        words: u32,
        credit: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_open",
    about: "slots for the chunks of new rows, from the stack of free ones",
    bindings: &[
        read("new_rows"),
        read("admitted"),
        read("free_count"),
        read("free"),
        write("slots"),
        write("touch"),
        write("fresh"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_open.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
