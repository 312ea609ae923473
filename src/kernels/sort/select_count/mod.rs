//! Digit counts of a radix selection.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Keys.
        len: u32,
        /// The first, and keys from one to the next.
        first: u32,
        stride: u32,
        /// Keys in a tile.
        tile: u32,
        /// The digit is `key >> shift & 255`.
        shift: u32,
        /// The bits that have been found.
        mask: u32,
        /// The bits of keys that count; others are taken for zeros.
        significant: u32,
    }
    Bindings {
        keys: read [u32],
        /// The bits found so far.
        found: read [u32],
        counts: write [u32] as "array<atomic<u32>>",
    }
}

/// Digits, and threads of the wide variant.
pub(crate) const DIGITS: u32 = 256;

/// Threads of the serial variant.
const SERIAL: u32 = 32;

/// Groups for a number of tiles.
pub(crate) fn groups(shape: Shape, tiles: u32) -> u32 {
    if shape == Shape::Wide { tiles } else { tiles.div_ceil(SERIAL) }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "select_count",
    about: "keys of each digit, of those that agree with the digits before",
    interface: INTERFACE,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: DIGITS,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/select_count.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "sort/select_count.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
