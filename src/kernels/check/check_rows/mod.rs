//! Checks the rows of a caller's gradient.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Rows of the table.
        table_rows: u32,
    }
    Bindings {
        status: write Status as "array<atomic<u32>>",
        rows: read [u32],
        total: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_rows",
    about: "the lowest position whose row does not ascend or does not exist, and the number of rows",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status_words.wgsl", "check/check_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
