//! The cases of `directory_sight`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::NONE;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, width) in [(1u32, 1u32), (300, 40), (100_000, 20_000)] {
        // some are full, or will be
        let counters: Vec<u32> =
            (0..2 * width).map(|i| if i % 7 == 3 { u32::MAX - i % 3 } else { 2 }).collect();
        let bindings =
            Bindings { unknown: CaseBinding::ints(&unknown(len)), counters: CaseBinding::ints(&counters) };
        let case =
            Case::new(format!("{len} in {width}"), [0], &Params { len, width }, bindings, len.div_ceil(256));
        all.push(if len == 100_000 { case.bench(u64::from(len) * 12, 0) } else { case });
    }
    all
}

/// Ids without a row, and positions whose ids have one.
pub(crate) fn unknown(len: u32) -> Vec<u32> {
    let mut random = Random::new(55);
    (0..len).map(|_| if random.below(3) == 0 { NONE } else { 1 + random.below(len.div_ceil(4)) }).collect()
}
