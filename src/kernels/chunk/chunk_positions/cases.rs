//! The cases of `chunk_positions`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::{NONE, PADDED};
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for len in [1u32, 700, 100_000] {
        let mut random = Random::new(3);
        let rows: Vec<u32> = (0..len).map(|_| [PADDED, NONE, 0, 9][random.below(4) as usize]).collect();
        let bindings = Bindings { rows: CaseBinding::ints(&rows), positions: unwritten(len) };
        let case = Case::new(format!("{len}"), [0], &Params { len }, bindings, len.div_ceil(256));
        all.push(if len == 100_000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
