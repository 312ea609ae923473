//! The cases of `evict_protect`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::NONE;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, rows) in [(1u32, 1u32), (300, 90), (100_000, 50_000)] {
        let mut random = Random::new(37);
        let listed: Vec<u32> =
            (0..3 + len).map(|_| if random.below(4) == 0 { NONE } else { random.below(rows) }).collect();
        let bindings = Bindings {
            rows: CaseBinding::ints(&listed),
            credit: CaseBinding::ints(&vec![5u32; rows as usize]),
        };
        let case = Case::new(
            format!("{len} of {rows}"),
            [0],
            &Params { len, first: 3 },
            bindings,
            len.div_ceil(256),
        );
        all.push(if len == 100_000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
