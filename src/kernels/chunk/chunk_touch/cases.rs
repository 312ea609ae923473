//! The cases of `chunk_touch`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks, words) in [(1u32, 1u32, 1u32), (70, 4, 2), (50_000, 4, 1)] {
        let mut random = Random::new(29);
        let count = rows * chunks;
        let mut places = vec![9, 0];
        for _ in 0..count {
            places.push(places[places.len() - 1] + u32::from(random.below(5) == 0));
        }
        let params = Params { len: rows, chunks, first: 1, step: 8, words };
        let marked = places[places.len() - 1];
        let stay = marked / 3;
        let bindings = Bindings {
            places: CaseBinding::ints(&places),
            room: CaseBinding::ints(&[stay, marked - stay - marked / 4]),
            effective: CaseBinding::floats(&random.floats((1 + count) as usize)),
            utility: CaseBinding::floats(&random.floats(count as usize)),
            touch: CaseBinding::ints(&vec![3u32; (rows * words) as usize]),
        };
        let case = Case::new(format!("{rows} x {chunks}"), [0], &params, bindings, rows.div_ceil(256));
        all.push(if rows == 50_000 { case.bench(u64::from(count) * 8, 0) } else { case });
    }
    all
}
