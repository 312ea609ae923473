//! The cases of `scan_reduce`.

use super::*;
use crate::kernel::{Case, CaseBinding, Shape};
use crate::kernels::random::Random;

/// Lengths around powers of two and blocks; `apply` for `scan_apply`, whose bindings are the other way round.
pub(crate) fn both(apply: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for len in [1u32, 2, 255, 256, 257, 2047, 2048, 2049, 4095, 65_537, 1_000_000] {
        let mut random = Random::new(u64::from(len));
        let values: Vec<u32> = (0..len).map(|_| random.below(1000)).collect();
        let blocks = len.div_ceil(BLOCK);
        let before: Vec<u32> = (0..blocks).map(|b| b * 31).collect();
        for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
            for carry in if apply { &[0, 1][..] } else { &[0] } {
                let params = Params { len, block: BLOCK, carry: *carry };
                let bindings = if apply {
                    vec![CaseBinding::ints(&before), CaseBinding::ints(&values)]
                } else {
                    vec![CaseBinding::ints(&values), CaseBinding::ints(&vec![7; before.len() + 3])]
                };
                let name = format!("n={len} carry={carry}");
                let case = Case::new(name, [variant], &params, bindings, groups(shape, blocks));
                let bytes = u64::from(len) * if apply { 8 } else { 4 };
                all.push(if len == 1_000_000 { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}

pub(crate) fn cases() -> Vec<Case> {
    both(false)
}
