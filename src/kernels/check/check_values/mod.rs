//! Checks that values can be kept in a type.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        dim: u32,
        /// Element of the first row in the source, and elements from row to row.
        source_base: u32,
        source_stride: u32,
        /// Type of the elements.
        rows_type: u32,
        /// What the first row is called.
        first_row: u32,
        /// Bits of the largest size.
        limit: u32,
        /// Whether the row is known, and only its first bad value is looked up, by one thread.
        report: u32,
    }
    Bindings {
        /// The row, and the bits of the value.
        status: write [u32] as "array<atomic<u32>>",
        rows: read [u32] as "array<RowsElem>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_values",
    about: "the lowest row with a value that is no number or larger than a limit, and then this value",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/types.wgsl",
            "prelude/rows_any_scalar.wgsl",
            "check/check_values.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

/// Threads for `rows` rows: one for every four columns.
pub(crate) fn threads(rows: u32, dim: u32) -> u32 {
    rows * dim.div_ceil(4)
}
