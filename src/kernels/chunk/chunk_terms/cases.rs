//! The cases of `chunk_terms`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, chunks, width) in [(1u32, 1u32, 4u32), (70, 3, 16), (50_000, 4, 16)] {
        let mut random = Random::new(61);
        let count = len * chunks;
        let sorted: Vec<u32> = (0..count).map(|i| i * 2 + 1).collect();
        // each once
        let positions: Vec<u32> = (0..count).map(|i| count - 1 - i).collect();
        let occurrences: Vec<u32> = (0..len).map(|_| random.below(5)).collect();
        let bindings = Bindings {
            sorted: CaseBinding::ints(&sorted),
            positions: CaseBinding::ints(&positions),
            occurrences: CaseBinding::ints(&occurrences),
            keys: unwritten(2 * count),
            terms: unwritten(2 * count),
        };
        let name = format!("{len} x {chunks}");
        let case = Case::new(name, [0], &Params { len, chunks, width }, bindings, count.div_ceil(256));
        all.push(if len == 50_000 { case.bench(u64::from(count) * 28, 0) } else { case });
    }
    all
}
