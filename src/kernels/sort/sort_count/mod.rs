//! Digit counts of a radix sort pass.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters, shared with `sort_scatter`.
    Params {
        /// Keys.
        len: u32,
        /// Keys in a tile.
        tile: u32,
        /// Tiles.
        tiles: u32,
        /// The digit is `key >> shift & (digits - 1)`.
        shift: u32,
        /// A power of two.
        digits: u32,
        /// 1: the values are the positions.
        first: u32,
    }
    Bindings {
        keys: read [u32],
        histogram: write [u32],
    }
}

/// Threads of the wide variant, and keys that each takes.
pub(crate) const WIDE: u32 = 256;
pub(crate) const SHARE: u32 = 8;
/// Digits of the wide variants: counters of 4 bits for each of 16.
pub(crate) const WIDE_BITS: u32 = 4;
/// Threads of the serial variant: a tile each, with counters for 2^9 digits.
pub(crate) const SERIAL: u32 = 32;
pub(crate) const SERIAL_BITS: u32 = 9;

/// Groups for a number of tiles.
pub(crate) fn groups(shape: Shape, tiles: u32) -> u32 {
    if shape == Shape::Wide { tiles } else { tiles.div_ceil(SERIAL) }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sort_count",
    about: "keys of each digit in each tile",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/sort_count.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/sort_count.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
