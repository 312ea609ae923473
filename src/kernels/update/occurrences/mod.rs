//! Sort keys and gradient terms of a batch.

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
        /// Bags: features of this dispatch times examples.
        bags: u32,
        /// Their ids.
        ids: u32,
        /// Key of ids without a row.
        none_key: u32,
        /// 1: per-sample weights are given.
        weighted: u32,
        /// Threads: one a bag, or more.
        threads: u32,
        /// 1: the id 2^32 - 1 counts for a mean.
        pruned: u32,
        /// 1: these are all features, and behind the last bag there may be ids that are in none.
        room: u32,
    }
    Bindings {
        status: read Status,
        features: read [Feature],
        offsets: read [u32],
        ids: read [u32],
        weights: read [f32],
        keys: write [u32],
        terms: write [[u32; 2]],
    }
}

const WORKGROUP: u32 = 64;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "occurrences",
    about: "for each id the row's key, the gradient's place and its factor",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: WORKGROUP,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status.wgsl",
            "prelude/pooling.wgsl",
            "update/occurrences.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

/// Threads for a batch: one a bag, but never few for many ids, which they share out among them if the batch
/// is bad.
pub(crate) fn threads(bags: u32, ids: u32) -> u32 {
    bags.max(ids.div_ceil(256))
}
