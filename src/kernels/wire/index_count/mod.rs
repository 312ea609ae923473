//! What the words of a code say.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::index_write::CODING_BITS;

interface! {
    /// Uniform parameters.
    Params {
        words: u32,
        /// One of `CODING_*` of `index_write`.
        coding: u32,
    }
    Bindings {
        words: read [u32],
        entries: write [u32],
        places: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "index_count",
    about: "for each word of a code of places: its entries, and the places that it covers",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[("CODING_BITS", CODING_BITS)],
        sources: fragments!["prelude/grid.wgsl", "prelude/coding.wgsl", "wire/index_count.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
