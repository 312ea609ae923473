//! Ids that were seen often enough.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Positions.
        len: u32,
        /// Counters of each half of the sketch.
        width: u32,
        /// Times that an id must have been seen.
        least: u32,
    }
    Bindings {
        counters: read [u32],
        unknown: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_sift",
    about: "ids that were not seen often enough are struck out",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "prelude/chunks.wgsl",
            "prelude/sketch.wgsl",
            "directory/directory_sift.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
