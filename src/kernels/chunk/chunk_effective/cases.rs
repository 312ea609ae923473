//! The cases of `chunk_effective`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks, decay, words) in
        [(1u32, 1u32, 0.5, 1), (70, 4, 0.999, 2), (70, 3, 1.0, 1), (200_000, 4, 0.999, 1)]
    {
        let mut random = Random::new(17);
        let len = rows * chunks;
        let params = Params { len, chunks, out_first: 1, step: 100, decay, words };
        let utility: Vec<f32> = random.floats(len as usize).into_iter().map(f32::abs).collect();
        let touch: Vec<u32> = (0..rows * words).map(|_| random.below(101)).collect();
        let ids: Vec<u32> = (0..rows).map(|_| random.below(5)).collect();
        let bindings = Bindings {
            utility: CaseBinding::floats(&utility),
            touch: CaseBinding::ints(&touch),
            row_ids: CaseBinding::ints(&ids),
            out: CaseBinding::poisoned((1 + len) as usize),
        };
        let name = format!("{rows} x {chunks} decay={decay}");
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if rows == 200_000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
