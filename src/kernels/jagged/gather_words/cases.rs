//! The cases of `gather_words`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{status, unwritten};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, inverse, refused) in [
        (1u32, 0, false),
        (257, 0, false),
        (257, 1, false),
        (257, 0, true),
        (500_000, 0, false),
        (500_000, 1, false),
    ] {
        let mut random = Random::new(47);
        let mut sorted: Vec<(u64, u32)> = (0..len).map(|i| (random.next(), i)).collect();
        sorted.sort_unstable();
        let positions: Vec<u32> = sorted.into_iter().map(|(_, position)| position).collect();
        let source: Vec<u32> = (0..len).map(|i| i * 3 + 5).collect();
        let bindings = Bindings {
            status: status(refused),
            positions: CaseBinding::ints(&positions),
            source: CaseBinding::ints(&source),
            out: unwritten(len),
        };
        let name = format!("n={len} inverse={inverse} refused={refused}");
        let case = Case::new(name, [0], &Params { len, inverse }, bindings, len.div_ceil(256));
        let bytes = u64::from(len) * if inverse == 1 { 8 } else { 12 };
        all.push(if len == 500_000 { case.bench(bytes, 0) } else { case });
    }
    all
}
