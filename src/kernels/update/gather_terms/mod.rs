//! Terms in the order of the sorted keys.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Terms.
        len: u32,
    }
    Bindings {
        positions: read [u32],
        terms: read [[u32; 2]],
        sorted: write [[u32; 2]],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "gather_terms",
    about: "sorted[i] = terms[positions[i]]",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "update/gather_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
