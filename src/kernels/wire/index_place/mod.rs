//! Places from their code.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::index_write::CODING_BITS;

interface! {
    /// Uniform parameters.
    Params {
        words: u32,
        /// Entries that there is room for.
        len: u32,
        /// One of `CODING_*` of `index_write`.
        coding: u32,
    }
    Bindings {
        words: read [u32],
        /// For each word: entries and places before it.
        entries: read [u32],
        places: read [u32],
        indices: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "index_place",
    about: "indices[i] = the place of entry i of a code",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[("CODING_BITS", CODING_BITS)],
        sources: fragments!["prelude/grid.wgsl", "prelude/coding.wgsl", "wire/index_place.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
