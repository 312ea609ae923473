//! Where the gradients of rows of differing dimensions lie.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Positions.
        len: u32,
        /// The first of them, and where the terms begin.
        first: u32,
        out_first: u32,
        /// One of the constants below.
        place: u32,
        /// Bags, and the first of them.
        bags: u32,
        first_bag: u32,
        /// 1: divided by the bag's number of ids.
        mean: u32,
        /// Where the matrix begins, and elements from row to row.
        base: u32,
        stride: u32,
    }
    Bindings {
        begins: read [u32],
        terms: write [[u32; 2]],
    }
}

/// One after the other, from their offsets on.
pub(crate) const BY_OFFSET: u32 = 0;

/// A row of a matrix for each position.
pub(crate) const BY_ROW: u32 = 1;

/// A row of a matrix for each bag.
pub(crate) const BY_BAG: u32 = 2;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_terms",
    about: "where the gradient of each position begins, and its factor",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/find_segment.wgsl", "variable/variable_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
