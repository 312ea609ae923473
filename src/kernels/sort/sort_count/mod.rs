//! Digit counts of a radix sort pass.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters, shared with `sort_scan` and `sort_scatter`.
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
        /// Of four bits, in which a tile is sorted by its digits.
        rounds: u32,
        /// 1: the terms that the values are the numbers of come out, instead of the values.
        gather: u32,
    }
    Bindings {
        keys: read [u32],
        /// A row of tiles for each digit, and room for a sum for each behind all.
        histogram: write [u32],
    }
}

/// Threads of the wide variant, and keys that each takes (as in `sort_scatter.wgsl`).
pub(crate) const WIDE: u32 = 256;
pub(crate) const SHARE: u32 = 13;
/// Digits of the wide variants: a thread for each.
pub(crate) const WIDE_BITS: u32 = 8;
/// Bits of a round of `sort_scatter`.
pub(crate) const ROUND_BITS: u32 = 4;
/// Threads of the serial variant: a tile each, with counters for 2^8 digits. (Mesa's llvmpipe takes ten times as
/// long to compile counters for 2^9.)
pub(crate) const SERIAL: u32 = 32;
pub(crate) const SERIAL_BITS: u32 = 8;

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
            sources: fragments!["prelude/grid.wgsl", "prelude/digit.wgsl", "sort/sort_count.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/digit.wgsl", "sort/sort_count.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
