//! Keys and terms of gradients that have been summed.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Rows in this dispatch.
        len: u32,
        /// The first of them.
        first: u32,
        /// Element of the first row's gradient, and elements from row to row.
        base: u32,
        stride: u32,
    }
    Bindings {
        status: read Status,
        rows: read [u32],
        counts: read [u32],
        keys: write [u32],
        terms: write [[u32; 2]],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "row_terms",
    about: "keys, numbers of occurrences and a term for each row of a gradient",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "sparse/row_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
