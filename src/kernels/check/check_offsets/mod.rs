//! Checks the offsets of a device batch.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
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
        /// 1: the last offset may be less than the number of ids.
        room: u32,
    }
    Bindings {
        status: write Status as "array<atomic<u32>>",
        offsets: read [u32],
        begins: read [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_offsets",
    about: "the lowest offset that falls, lies beyond the ids or disagrees with the counts",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "check/check_offsets.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
