//! The cases of `segment_heads`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{status, unwritten};
use crate::kernels::random::Random;

/// Sorted keys, about `each` of every second number below `end`.
pub(crate) fn sorted_keys(len: u32, each: u32, seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    let mut keys: Vec<u32> = (0..len).map(|_| random.below(len / each + 1) * 2).collect();
    keys.sort_unstable();
    keys
}

/// Names, lengths, lengths of segments, ranges of keys and whether there is nothing to be had.
pub(crate) const CASES: [(&str, u32, u32, [u32; 2], bool); 8] = [
    ("one", 1, 1, [0, 9], false),
    ("all", 1000, 3, [0, 9999], false),
    ("a range", 1000, 3, [101, 400], false),
    ("between keys", 1000, 3, [101, 102], false),
    ("long segments", 1000, 300, [2, 4], false),
    ("unique", 257, 1, [0, 300], false),
    ("refused", 300, 3, [0, 9999], true),
    ("large", 500_000, 5, [0, 200_000], false),
];

pub(crate) fn cases() -> Vec<Case> {
    let case = |(name, len, each, [key_begin, key_end], refused): (&str, u32, u32, [u32; 2], bool)| {
        let keys = sorted_keys(len, each, 61);
        let bindings =
            Bindings { status: status(refused), keys: CaseBinding::ints(&keys), heads: unwritten(len + 3) };
        let params = Params { len, key_begin, key_end };
        let case = Case::new(name, [0], &params, bindings, (len + 1).div_ceil(256));
        if name == "large" { case.bench(u64::from(len) * 8, 0) } else { case }
    };
    CASES.into_iter().map(case).collect()
}
