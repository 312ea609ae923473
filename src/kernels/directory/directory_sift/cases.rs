//! The cases of `directory_sift`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::directory_sight::cases::unknown;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, width) in [(1u32, 1u32), (300, 40), (100_000, 20_000)] {
        let mut random = Random::new(56);
        let counters: Vec<u32> = (0..2 * width).map(|_| random.below(6)).collect();
        let bindings =
            Bindings { counters: CaseBinding::ints(&counters), unknown: CaseBinding::ints(&unknown(len)) };
        let params = Params { len, width, least: 3 };
        let case = Case::new(format!("{len} in {width}"), [0], &params, bindings, len.div_ceil(256));
        all.push(if len == 100_000 { case.bench(u64::from(len) * 12, 0) } else { case });
    }
    all
}
