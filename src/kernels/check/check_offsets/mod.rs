//! Checks the offsets of a device batch.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Bags; there is one offset more.
        bags: u32,
        /// Ids.
        ids: u32,
        /// Examples.
        batch: u32,
        /// Ids in the longest bag allowed.
        longest: u32,
        /// 1: `begins` holds what the offsets must be at every `batch`-th place.
        counted: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_offsets",
    about: "the lowest offset that falls, lies beyond the ids or disagrees with the counts",
    bindings: &[write("status"), read("offsets"), read("begins")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "check/check_offsets.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
