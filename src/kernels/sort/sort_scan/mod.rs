//! Where each tile's keys of each digit begin.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::sort_count::{self, Params};

interface! {
    Bindings {
        /// A row of tiles for each digit, and a sum for each behind all.
        histogram: write [u32],
    }
}

/// Groups for a number of digits.
pub(crate) fn groups(shape: Shape, digits: u32) -> u32 {
    if shape == Shape::Wide { digits } else { digits.div_ceil(sort_count::SERIAL) }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sort_scan",
    about: "sums over the tiles before, for each digit, and over all tiles",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: sort_count::WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/scanned.wgsl", "sort/sort_scan.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: sort_count::SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/sort_scan.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
