//! Rows that an adjustment changes.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// The table's first among those of all tables.
        first: u32,
        /// The step that it is.
        step: u32,
        /// Words of a row in `touch`.
        words: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_touch",
    about: "rows of which a chunk left or came count as changed",
    bindings: &[read("places"), read("room"), read("effective"), write("utility"), write("touch")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_touch.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
