//! Rows of a directory that leave.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows that leave, as far as they may.
        len: u32,
        /// Rows that were left before.
        before: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_leave",
    about: "rows that leave become free",
    bindings: &[read("credit"), read("rows"), write("row_ids"), write("left"), write("gone")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "directory/directory_leave.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
