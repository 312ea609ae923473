//! Distinct rows among sorted keys.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
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
    Bindings {
        keys: read [u32],
        /// The number of segments that begin before each key, and at the end of all.
        places: read [u32],
        rows: write [u32],
        begins: write [u32],
        total: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "unique_rows",
    about: "the distinct rows among sorted keys, where their segments begin, and their number",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "sort/unique_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
