//! Checks the ids of a device batch.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::{Feature, Status};

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        batch: u32,
        /// Features.
        features: u32,
        /// Ids in all.
        ids: u32,
        /// 1: bad ids are counted; 0: the lowest position is kept.
        skip: u32,
        /// 1: the id 2^32 - 1 is a pruned row.
        pruned: u32,
    }
    Bindings {
        status: write Status as "array<atomic<u32>>",
        features: read [Feature],
        offsets: read [u32],
        ids: read [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_ids",
    about: "the lowest position whose id is no row, or their number",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status_words.wgsl",
            "prelude/pooling.wgsl",
            "check/check_ids.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
