//! How many values of each tile reach the threshold.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        tiles: u32,
        /// Values of a tile.
        tile: u32,
    }
    Bindings {
        /// For each tile its segment, and for each segment the bits of the least size that is sent.
        segments: read [u32],
        thresholds: read [u32],
        /// The bits of floats.
        values: read [u32],
        counts: write [u32],
        /// The bits of the largest size of each tile.
        sizes: write [u32],
    }
}

/// Values of a tile.
pub(crate) const TILE: u32 = 1024;

/// Threads of the variants: a group takes one tile, or a thread does.
pub(crate) const WIDE: u32 = 256;

pub(crate) const SERIAL: u32 = 8;

/// Groups for a number of tiles.
pub(crate) fn groups(shape: Shape, tiles: u32) -> u32 {
    if shape == Shape::Wide { tiles } else { tiles.div_ceil(SERIAL) }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "threshold_count",
    about: "for each tile: values that are not 0 with |value| >= threshold, and the largest |value|",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/threshold.wgsl", "wire/threshold_count.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/threshold.wgsl",
                "wire/threshold_count.serial.wgsl"
            ],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
