//! Where the segments of each bucket begin.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        /// Values.
        len: u32,
        /// Segments of the values before they were sorted.
        segments: u32,
        /// Buckets.
        buckets: u32,
    }
    Bindings {
        status: read Status,
        offsets: read [u32],
        /// The buckets in ascending order, and where each value was before.
        keys: read [u32],
        positions: read [u32],
        out: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bucket_offsets",
    about: "values before each segment of each bucket",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "jagged/bucket_offsets.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
