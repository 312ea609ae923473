//! The cases of `select_digit`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::select_count::DIGITS;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(97);
    let counts: Vec<u32> = (0..DIGITS).map(|_| random.below(5) * random.below(100)).collect();
    let total: u32 = counts.iter().sum();
    let case = |rank: u32, shift: u32| {
        let found = [(0xabcd_ef01u32 << shift) << 8, rank];
        let bindings = Bindings { counts: CaseBinding::ints(&counts), found: CaseBinding::ints(&found) };
        Case::new(format!("rank={rank} shift={shift}"), [0], &Params { shift }, bindings, 1)
    };
    vec![case(0, 16), case(total / 2, 8), case(total - 1, 0)]
}
