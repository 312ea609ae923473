//! Counts of a directory.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        capacity: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_count",
    about: "rows in use after new ids were admitted, and ids that found none",
    bindings: &[read("total"), write("counts"), write("admitted")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "directory/directory_count.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
