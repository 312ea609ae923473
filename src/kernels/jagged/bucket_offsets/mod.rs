//! Where the segments of each bucket begin.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Values.
        len: u32,
        /// Segments of the values before they were sorted.
        segments: u32,
        /// Buckets.
        buckets: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bucket_offsets",
    about: "values before each segment of each bucket",
    bindings: &[read("status"), read("offsets"), read("keys"), read("positions"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "jagged/bucket_offsets.wgsl"],
    }],
    parity: Parity::Bits,
    twin: twin::run,
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
