//! Rows that do not leave.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Ids of the table's feature, and the first of them.
        len: u32,
        first: u32,
    }
    Bindings {
        rows: read [u32],
        credit: write [u32] as "array<atomic<u32>>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "evict_protect",
    about: "rows of a batch do not leave",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk/evict_protect.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
