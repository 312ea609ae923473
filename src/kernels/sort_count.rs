//! Digit counts of a radix sort pass.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
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
    bindings: &[read("keys"), write("histogram")],
    params: Params::LAYOUT,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: WIDE,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/sort_params.wgsl", "sort_count.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/sort_params.wgsl", "sort_count.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: crate::cpu::sort_count::run,
    cases: || {
        passes()
            .into_iter()
            .map(|pass| pass.case(vec![CaseBinding::ints(&pass.keys), pass.counts()]))
            .collect()
    },
};

/// One pass over made-up keys.
pub(crate) struct Pass {
    name: String,
    variant: usize,
    shape: Shape,
    pub(crate) params: Params,
    pub(crate) keys: Vec<u32>,
}

impl Pass {
    fn counts(&self) -> CaseBinding {
        CaseBinding::ints(&vec![9u32; (self.params.digits * self.params.tiles) as usize])
    }

    pub(crate) fn case(&self, bindings: Vec<CaseBinding>) -> Case {
        let case = Case::new(
            self.name.clone(),
            [self.variant],
            &self.params,
            bindings,
            groups(self.shape, self.params.tiles),
        );
        if self.keys.len() == 1 << 20 { case.bench(self.keys.len() as u64 * 4, 0) } else { case }
    }
}

/// Passes of both shapes over random, equal and sorted keys, at lengths around tiles.
pub(crate) fn passes() -> Vec<Pass> {
    let mut all = Vec::new();
    for (variant, shape, bits) in [(0, Shape::Wide, WIDE_BITS), (1, Shape::Serial, SERIAL_BITS)] {
        for len in [1u32, 31, 2047, 2048, 2049, 10_000, 1 << 20] {
            for kind in ["random", "equal", "sorted"] {
                let mut random = Random::new(u64::from(len));
                let keys: Vec<u32> = (0..len)
                    .map(|i| match kind {
                        "random" => random.below(1 << 20),
                        "equal" => 0x5_5555,
                        _ => i,
                    })
                    .collect();
                let tile = if shape == Shape::Wide { WIDE * SHARE } else { len.div_ceil(64) };
                for (shift, first) in [(0, 1), (bits, 0)] {
                    let params =
                        Params { len, tile, tiles: len.div_ceil(tile), shift, digits: 1 << bits, first };
                    let name = format!("n={len} {kind} shift={shift}");
                    all.push(Pass { name, variant, shape, params, keys: keys.clone() });
                }
            }
        }
    }
    all
}
