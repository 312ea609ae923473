//! Terms in the order of the sorted keys.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Terms.
        len: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "gather_terms",
    about: "sorted[i] = terms[positions[i]]",
    bindings: &[read("positions"), read("terms"), write("sorted")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "update/gather_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
