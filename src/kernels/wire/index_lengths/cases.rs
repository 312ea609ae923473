//! The cases of `index_lengths`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// Places in their order: close ones, and gaps around multiples of 255.
pub(crate) fn places(len: u32) -> Vec<u32> {
    let mut random = Random::new(u64::from(len) + 7);
    let mut next = 0;
    (0..len)
        .map(|i| {
            let gap = [0, 254, 255, 256, 509, 510, 3000][random.below(7) as usize];
            next += if i % 2 == 0 { random.below(200) } else { gap };
            next += 1;
            next - 1
        })
        .collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, first) in [(1u32, 0u32), (64, 3), (65, 0), (100_000, 0)] {
        let bindings = Bindings {
            indices: CaseBinding::ints(&[vec![9; first as usize], places(len)].concat()),
            lengths: CaseBinding::unwritten(len as usize + 1),
        };
        let case = Case::new(format!("n={len}"), [0], &Params { len, first }, bindings, len.div_ceil(64));
        all.push(if len == 100_000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
