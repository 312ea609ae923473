//! The cases of `chunk_utility`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (occurred, table_rows, chunks, width) in
        [(1u32, 1u32, 1u32, 4u32), (50, 80, 3, 8), (20_000, 50_000, 4, 16)]
    {
        for (exponent, decay, words, counting) in [(0, 1.0, 1, 0), (1, 0.999, 2, 0), (2, 0.5, 2, 1)] {
            let mut random = Random::new(13);
            let rows: Vec<u32> = (0..occurred).map(|i| i * (table_rows / occurred)).collect();
            let counts: Vec<u32> = (0..occurred).map(|_| 1 + random.below(40)).collect();
            let mut touch: Vec<u32> = (0..words * table_rows).map(|_| random.below(30)).collect();
            if counting == 1 {
                // counts that are nearly full
                touch.iter_mut().skip(1).step_by(10).for_each(|count| *count = u32::MAX - 9);
            }
            let mut sums = random.floats((occurred * chunks * width) as usize);
            // gradients whose squares are infinite, and one that is longer than the largest float
            sums.iter_mut().step_by(37).for_each(|value| *value *= 1e25);
            sums[..4].fill(f32::MAX);
            let utility: Vec<f32> =
                random.floats((table_rows * chunks) as usize).into_iter().map(f32::abs).collect();
            let len = occurred + 9;
            let params = Params { len, chunks, width, step: 30, exponent, decay, words, counting };
            let bindings = Bindings {
                rows: CaseBinding::ints(&rows),
                total: CaseBinding::ints(&[occurred]),
                sums: CaseBinding::floats(&sums),
                occurrences: CaseBinding::ints(&counts),
                utility: CaseBinding::floats(&utility),
                touch: CaseBinding::ints(&touch),
            };
            let name = format!("{occurred} rows exponent={exponent}");
            let case = Case::new(name, [0], &params, bindings, len.div_ceil(64));
            let values = u64::from(occurred * chunks * width);
            let bench = (occurred, exponent) == (20_000, 1);
            all.push(if bench { case.bench(values * 4, values * 2) } else { case });
        }
    }
    all
}
