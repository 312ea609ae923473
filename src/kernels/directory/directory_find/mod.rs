//! Rows of raw ids.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface, shared_struct};
use crate::kernels::directory::bucket::Bucket;

shared_struct! {
    /// Ids of a feature, and the directory that they are looked up in. The ids of a dispatch's features
    /// ascend.
    Sought {
        /// First thread of the dispatch that works for this feature.
        work_begin: u32,
        /// The first id.
        first: u32,
        /// Buckets of the directory, a prime, and the first of them.
        buckets: u32,
        first_bucket: u32,
        /// The raw id whose row is [`PADDED`](crate::kernels::feature::PADDED), if it is not
        /// [`NONE`](crate::kernels::feature::NONE).
        padding: u32,
    }
}

interface! {
    /// Uniform parameters.
    Params {
        features: u32,
        /// Ids of all features.
        work: u32,
        /// Whether unknown ids are, and where those of these features begin.
        wanted: u32,
        first_unknown: u32,
        /// Whose unknown ids are counted.
        table: u32,
    }
    Bindings {
        features: read [Sought],
        places: read [Bucket] as "array<vec4<u32>>",
        ids: read [[u32; 2]],
        rows: write [u32],
        unknown: write [u32],
        /// How many of the unknown ones there are, of each table.
        strangers: write [u32] as "array<atomic<u32>>",
    }
}

/// The index of the variant for `features` features.
pub(crate) fn variant(features: u32) -> usize {
    usize::from(features != 1)
}

macro_rules! variant {
    ($name:literal, $feature:literal) => {
        Variant {
            name: $name,
            shape: Shape::Any,
            workgroup: 256,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/random.wgsl",
                "prelude/directory.wgsl",
                $feature,
                "directory/directory_find.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_find",
    about: "the row of each raw id in a directory, and the virtual ids of those without one",
    interface: INTERFACE,
    variants: &[variant!("one", "prelude/one_feature.wgsl"), variant!("many", "prelude/find_feature.wgsl")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
