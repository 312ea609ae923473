//! The digit of a radix selection.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// The lowest bit of the digit.
        shift: u32,
    }
    Bindings {
        counts: write [u32],
        /// The bits found so far, and the key's rank among those that have them.
        found: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "select_digit",
    about: "the digit of the key of a rank, from the counts of all digits",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "sort/select_digit.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
