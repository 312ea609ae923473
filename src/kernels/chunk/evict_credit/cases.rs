//! The cases of `evict_credit`.

use super::*;
use crate::kernel::{Case, CaseBinding, Holds};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks) in [(1u32, 1u32), (70, 3), (50_000, 4)] {
        for policy in [WORD, RECENT, DISTANCE, UTILITY] {
            let mut random = Random::new(31);
            let words = if policy == WORD || policy == DISTANCE { 2 } else { 1 };
            let ids: Vec<u32> = (0..rows).map(|_| random.below(5)).collect();
            let mut touch: Vec<u32> = (0..rows * words).map(|_| random.below(101)).collect();
            // as long ago as can be
            touch.iter_mut().step_by(22).for_each(|stamp| *stamp = 101);
            let utility: Vec<f32> =
                random.floats((rows * chunks) as usize).into_iter().map(f32::abs).collect();
            let params = Params { len: rows, chunks, policy, step: 100, decay: 0.99, power: 0.75, words };
            let bindings = Bindings {
                row_ids: CaseBinding::ints(&ids),
                touch: CaseBinding::ints(&touch),
                utility: CaseBinding::floats(&utility),
                credit: CaseBinding { holds: Holds::Mixed, ..CaseBinding::unwritten(rows as usize) },
            };
            let name = format!("{rows} x {chunks} policy={policy}");
            let case = Case::new(name, [0], &params, bindings, rows.div_ceil(256));
            let bench = (rows, policy) == (50_000, UTILITY);
            all.push(if bench { case.bench(u64::from(rows) * 28, 0) } else { case });
        }
    }
    all
}
