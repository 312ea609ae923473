//! How long the codes of places are.

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
    }
    Bindings {
        indices: read [u32],
        lengths: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "index_lengths",
    about: "lengths[i] = bytes of the gap between the places of entries i - 1 and i",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/gap.wgsl", "wire/index_lengths.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
