//! The largest values of rows in their order.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        /// Values of a row.
        k: u32,
        /// Element of the first sorted value, and elements from row to row.
        values_base: u32,
        values_stride: u32,
        /// Word of the first column.
        columns_base: u32,
    }
    Bindings {
        found_values: read [f32],
        found_columns: read [u32],
        values: write [f32],
        columns: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "top_k_order",
    about: "values of a row and their columns, the largest first, equal ones as they came",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "sort/top_k/ordered.wgsl", "sort/top_k_order.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
