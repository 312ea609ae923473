//! Counts of a directory.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows.
        capacity: u32,
    }
    Bindings {
        total: read [u32],
        /// Rows ever in use, those of them that are free again, and ids that found no row.
        counts: write [u32],
        /// How many ids got rows.
        admitted: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_count",
    about: "rows in use after new ids were admitted, and ids that found none",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "directory/directory_count.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
