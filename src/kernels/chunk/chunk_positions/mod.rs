//! Positions of ids, as ids of rows that were gathered in their order.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Ids.
        len: u32,
    }
    Bindings {
        rows: read [u32],
        positions: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_positions",
    about: "the position of each id, or none for the padding id",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk/chunk_positions.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
