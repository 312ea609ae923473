//! The cases of `scan_reduce`.

use super::*;
use crate::kernel::{self, Case, CaseBinding, Shape};
use crate::kernels::random::Random;

/// Lengths around powers of two and blocks, for `scan_reduce` and `scan_apply`: with each of `carries`,
/// moving `bytes` for a value; `bindings` are made of values and what comes before each block.
pub(crate) fn both<I: kernel::Bindings<CaseBinding, Params = Params>>(
    carries: &[u32],
    bytes: u64,
    bindings: impl Fn(&[u32], &[u32]) -> I,
) -> Vec<Case> {
    let mut all = Vec::new();
    for len in [1u32, 2, 255, 256, 257, 2047, 2048, 2049, 4095, 65_537, 1_000_000] {
        let mut random = Random::new(u64::from(len));
        let values: Vec<u32> = (0..len).map(|_| random.below(1000)).collect();
        let blocks = len.div_ceil(BLOCK);
        let before: Vec<u32> = (0..blocks).map(|b| b * 31).collect();
        for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
            for &carry in carries {
                let params = Params { len, block: BLOCK, carry };
                let name = format!("n={len} carry={carry}");
                let bindings = bindings(&values, &before);
                let case = Case::new(name, [variant], &params, bindings, groups(shape, blocks));
                all.push(if len == 1_000_000 { case.bench(u64::from(len) * bytes, 0) } else { case });
            }
        }
    }
    all
}

pub(crate) fn cases() -> Vec<Case> {
    both(&[0], 4, |values, before| Bindings {
        values: CaseBinding::ints(values),
        sums: CaseBinding::ints(&vec![7; before.len() + 3]),
    })
}
