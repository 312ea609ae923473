//! The digit of a radix selection.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, write};

params! {
    /// Uniform parameters.
    Params {
        /// The lowest bit of the digit.
        shift: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "select_digit",
    about: "the digit of the key of a rank, from the counts of all digits",
    bindings: &[write("counts"), write("found")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "sort/select_digit.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
