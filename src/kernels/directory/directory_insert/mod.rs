//! All ids into an empty directory.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::directory::bucket::Bucket;

interface! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Buckets of the directory, a prime.
        buckets: u32,
    }
    Bindings {
        row_ids: read [u32],
        places: write [Bucket] as "array<atomic<u32>>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_insert",
    about: "the virtual ids of all rows into an empty directory",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "prelude/directory.wgsl",
            "prelude/directory_insert.wgsl",
            "directory/directory_insert.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
