//! Slots of the chunks of rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// No fewer than the rows that occurred.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
    }
    Bindings {
        rows: read [u32],
        total: read [u32],
        slots: read [u32],
        out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_slots",
    about: "the slots of the chunks of rows that occurred",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk/chunk_slots.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
