//! Rows that do not leave.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Ids of the table's feature, and the first of them.
        len: u32,
        first: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "evict_protect",
    about: "rows of a batch do not leave",
    bindings: &[read("rows"), write("credit")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunks.wgsl", "chunk/evict_protect.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
