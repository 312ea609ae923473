//! Rows of a directory that leave.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows that leave, as far as they may.
        len: u32,
        /// Rows that were left before.
        before: u32,
    }
    Bindings {
        credit: read [u32],
        rows: read [u32],
        row_ids: write [u32],
        left: write [u32],
        gone: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_leave",
    about: "rows that leave become free",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "directory/directory_leave.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
