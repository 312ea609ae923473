//! Chunks of new rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
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
    Bindings {
        /// Each row with its virtual id.
        new_rows: read [[u32; 2]],
        admitted: read [u32],
        free_count: read [u32],
        free: read [u32],
        slots: write [u32],
        /// Of each row the step that it was last changed in, and what it is kept for if rows leave.
        touch: write [u32],
        fresh: write [[u32; 4]],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_open",
    about: "slots for the chunks of new rows, from the stack of free ones",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk/chunk_open.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
