//! New ids of a directory.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::directory::bucket::Bucket;

interface! {
    /// Uniform parameters.
    Params {
        /// No fewer than the new ids.
        len: u32,
        /// Buckets of the directory, a prime.
        buckets: u32,
        /// Rows.
        capacity: u32,
    }
    Bindings {
        new_ids: read [u32],
        total: read [u32],
        /// Rows ever in use, those of them that are free again, and ids that found no row.
        counts: read [u32],
        left: read [u32],
        places: write [Bucket] as "array<atomic<u32>>",
        row_ids: write [u32],
        /// The row and the id of each.
        new_rows: write [[u32; 2]],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_admit",
    about: "new virtual ids, in ascending order, into rows of a directory that are free",
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
            "directory/directory_admit.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
