//! Checks the rows of a caller's gradient.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Rows of the table.
        table_rows: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_rows",
    about: "the lowest position whose row does not ascend or does not exist, and the number of rows",
    bindings: &[write("status"), read("rows"), write("total")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status_words.wgsl", "check/check_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
