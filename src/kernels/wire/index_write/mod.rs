//! Codes of places.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Entries, from the first on.
        len: u32,
        first: u32,
        /// One of `CODING_*`.
        coding: u32,
    }
    Bindings {
        indices: read [u32],
        /// For each entry the bytes of those before, where gaps are written.
        offsets: read [u32],
        words: write [u32] as "array<atomic<u32>>",
    }
}

/// A bit for each place.
pub(crate) const CODING_BITS: u32 = 1;

/// Bytes of the gaps between places.
pub(crate) const CODING_GAPS: u32 = 2;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "index_write",
    about: "words of a code of places: a bit for each, or bytes of gaps",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[("CODING_BITS", CODING_BITS)],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/gap.wgsl",
            "prelude/coding.wgsl",
            "wire/index_write.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
