//! The cases of `gather_terms`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    [1u32, 257, 500_000]
        .map(|len| {
            let mut random = Random::new(5);
            let positions: Vec<u32> = (0..len).map(|_| random.below(len)).collect();
            let terms: Vec<[u32; 2]> = (0..len).map(|i| [i, i * 3]).collect();
            let bindings = Bindings {
                positions: CaseBinding::ints(&positions),
                terms: CaseBinding::ints(&terms),
                sorted: CaseBinding::ints(&vec![[5u32; 2]; len as usize]),
            };
            let case = Case::new(format!("n={len}"), [0], &Params { len }, bindings, len.div_ceil(256));
            case.bench(u64::from(len) * 20, 0)
        })
        .to_vec()
}
