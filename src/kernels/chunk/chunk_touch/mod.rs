//! Rows that an adjustment changes.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
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
    Bindings {
        places: read [u32],
        room: read [u32],
        effective: read [f32],
        utility: write [f32],
        touch: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_touch",
    about: "rows of which a chunk left or came count as changed",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_touch.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
