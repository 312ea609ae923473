//! How often ids were seen.

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
    }
    Bindings {
        unknown: read [u32],
        counters: write [u32] as "array<atomic<u32>>",
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_sight",
    about: "occurrences of ids without a row, in a sketch",
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
            "directory/directory_sight.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
