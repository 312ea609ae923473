//! The bucket of each value, by blocks of rows.

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
        /// Features.
        features: u32,
        /// Examples.
        batch: u32,
        /// Buckets.
        buckets: u32,
    }
    Bindings {
        status: read Status,
        offsets: read [u32],
        /// Rows of a block, for each feature.
        blocks: read [u32],
        values: read [u32],
        keys: write [u32],
        locals: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bucket_keys",
    about: "keys[i] = values[i] / block, locals[i] = values[i] % block",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "jagged/bucket_keys.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
