//! First half of the prefix sum.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters, shared with `scan_apply`.
    Params {
        /// Values in all.
        len: u32,
        /// Values in a block.
        block: u32,
        /// 1: the sums hold what comes before each block.
        carry: u32,
    }
    Bindings {
        values: read [u32],
        sums: write [u32],
    }
}

/// Values in a block.
pub(crate) const BLOCK: u32 = 2048;

/// Threads of the variants: a group takes one block, or a thread does.
pub(crate) const WIDE: u32 = 256;

pub(crate) const SERIAL: u32 = 8;

/// Groups for a number of blocks.
pub(crate) fn groups(shape: Shape, blocks: u32) -> u32 {
    if shape == Shape::Wide { blocks } else { blocks.div_ceil(SERIAL) }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "scan_reduce",
    about: "the sum of each block of a prefix sum",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/scan_reduce.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/scan_reduce.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
