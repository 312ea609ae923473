//! The cases of `copy_words`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let mut all: Vec<Case> =
        [1, 3, 255, QUADS, QUADS + 1, 3 * QUADS + 700].map(|quads| case(quads, quads + 2)).into();
    let long = 1 << 18;
    all.push(case(long, long).bench(u64::from(long) * 32, 0));
    all
}

/// A copy of so many vectors to a place of `room`.
pub(crate) fn case(quads: u32, room: u32) -> Case {
    let words: Vec<u32> = (0..quads * 4).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
    let bindings = Bindings { source: CaseBinding::ints(&words), out: unwritten(room * 4) };
    Case::new(format!("{quads} vectors"), [0], &Params { quads }, bindings, quads.div_ceil(QUADS))
}
