//! Where the values of rows of differing dimensions lie.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Positions.
        len: u32,
        /// 1: one after the other, from their offsets on. 0: a row of a matrix for each position.
        jagged: u32,
        /// Where the matrix begins, and elements from row to row.
        base: u32,
        stride: u32,
    }
    Bindings {
        begins: read [u32],
        terms: write [[u32; 2]],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_terms",
    about: "where the values of each position begin",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "variable/variable_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
