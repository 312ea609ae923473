//! Digit counts of a radix selection.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
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
    bindings: &[read("keys"), read("found"), write("counts")],
    params: Params::LAYOUT,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: DIGITS,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "select_count.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "select_count.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: crate::cpu::select_count::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
        for len in [1u32, 255, 5000, 1 << 20] {
            let mut random = Random::new(u64::from(len));
            let (first, stride) = if len == 5000 { (2, 3) } else { (0, 1) };
            let keys: Vec<u32> = (0..first + len * stride).map(|_| random.below(1 << 20) << 11).collect();
            let found = keys[keys.len() / 2];
            for (shift, mask) in [(24, 0), (16, 0xff00_0000), (0, 0xffff_ff00)] {
                let tile = if shape == Shape::Wide { 4096 } else { len.div_ceil(64) };
                let params = Params { len, first, stride, tile, shift, mask };
                let bindings = vec![
                    CaseBinding::ints(&keys),
                    CaseBinding::ints(&[found & mask, 7]),
                    CaseBinding::ints(&[3u32; DIGITS as usize]),
                ];
                let groups = groups(shape, len.div_ceil(tile));
                let case = Case::new(format!("n={len} shift={shift}"), [variant], &params, bindings, groups);
                all.push(if len == 1 << 20 { case.bench(u64::from(len) * 4, 0) } else { case });
            }
        }
    }
    all
}
