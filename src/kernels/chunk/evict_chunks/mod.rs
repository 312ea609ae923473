//! Slots of rows that leave.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows that leave, as far as they may.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
    }
    Bindings {
        credit: read [u32],
        rows: read [u32],
        places: read [u32],
        free_count: read [u32],
        free: write [u32],
        slots: write [u32],
        utility: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "evict_chunks",
    about: "slots of rows that leave to the stack of free ones",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk/evict_chunks.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
