//! The cases of `sort_count`.

use super::*;
use crate::kernel::{self, Case, CaseBinding, Shape};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    passes()
        .into_iter()
        .map(|pass| {
            pass.case(
                vec![pass.variant],
                4,
                Bindings { keys: CaseBinding::ints(&pass.keys), histogram: pass.counts() },
            )
        })
        .collect()
}

/// One pass over made-up keys.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) name: String,
    variant: usize,
    pub(crate) shape: Shape,
    pub(crate) params: Params,
    pub(crate) keys: Vec<u32>,
}

impl Pass {
    fn counts(&self) -> CaseBinding {
        CaseBinding::unwritten((self.params.digits * (self.params.tiles + 1)) as usize)
    }

    /// For `sort_count` and `sort_scatter`, which share parameters and groups; `bytes` are those of a key.
    pub(crate) fn case(
        &self,
        variants: Vec<usize>,
        bytes: u64,
        bindings: impl kernel::Bindings<CaseBinding, Params = Params>,
    ) -> Case {
        let case = Case::new(
            self.name.clone(),
            variants,
            &self.params,
            bindings,
            groups(self.shape, self.params.tiles),
        );
        if self.keys.len() == 1 << 20 { case.bench(self.keys.len() as u64 * bytes, 0) } else { case }
    }
}

/// Passes of both shapes over random, equal and sorted keys, at lengths around tiles.
pub(crate) fn passes() -> Vec<Pass> {
    const TILE: u32 = WIDE * SHARE;
    let mut all = Vec::new();
    for (variant, shape, most_bits) in [(0, Shape::Wide, WIDE_BITS), (1, Shape::Serial, SERIAL_BITS)] {
        for len in [1u32, 31, TILE - 1, TILE, TILE + 1, 10_000, 1 << 20] {
            for kind in ["random", "equal", "sorted"] {
                let mut random = Random::new(u64::from(len));
                let keys: Vec<u32> = (0..len)
                    .map(|i| match kind {
                        "random" => random.below(1 << 20),
                        "equal" => 0x5_5555,
                        _ => i,
                    })
                    .collect();
                let tile = if shape == Shape::Wide { TILE } else { len.div_ceil(64) };
                for (shift, bits, first) in
                    [(0, most_bits, 1), (most_bits, most_bits, 0), (7, 7, 0), (3, 2, 0)]
                {
                    let params = Params {
                        len,
                        tile,
                        tiles: len.div_ceil(tile),
                        shift,
                        digits: 1 << bits,
                        first,
                        rounds: bits.div_ceil(ROUND_BITS),
                        gather: 0,
                    };
                    let name = format!("n={len} {kind} shift={shift} bits={bits}");
                    all.push(Pass { name, variant, shape, params, keys: keys.clone() });
                }
            }
        }
    }
    all
}
