//! The values that are sent, one after the other.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::threshold_count::{SERIAL, WIDE};

interface! {
    /// Uniform parameters.
    Params {
        /// The message's first tile, and how many it has.
        first: u32,
        tiles: u32,
        /// Values of a tile.
        tile: u32,
        /// 1: values travel as 16 bits.
        half: u32,
        /// What they are multiplied by then, a power of two, and what undoes it.
        scale: f32,
        inverse: f32,
    }
    Bindings {
        segments: read [u32],
        thresholds: read [u32],
        /// How many values tiles before this one send.
        offsets: read [u32],
        values: write [f32],
        indices: write [u32],
        packed: write [f32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "threshold_pack",
    about: "values that are not 0 with |value| >= threshold, and their places; what does not arrive stays",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: WIDE,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/scanned.wgsl",
                "prelude/threshold.wgsl",
                "prelude/types.wgsl",
                "prelude/wire_value.wgsl",
                "wire/threshold_pack.wgsl"
            ],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/threshold.wgsl",
                "prelude/types.wgsl",
                "prelude/wire_value.wgsl",
                "wire/threshold_pack.serial.wgsl"
            ],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
