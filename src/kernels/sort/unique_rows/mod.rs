//! Distinct rows among sorted keys.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Keys that count; the first is row 0.
        key_begin: u32,
        key_end: u32,
        /// Rows that there is room for.
        rows: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "unique_rows",
    about: "the distinct rows among sorted keys, where their segments begin, and their number",
    bindings: &[read("keys"), read("places"), write("rows"), write("begins"), write("total")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "sort/unique_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
