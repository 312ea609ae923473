//! The cases of `sum_words`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let case = |quads: u32| {
        let words: Vec<u32> = (0..quads * 4).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
        let groups = quads.div_ceil(QUADS);
        let bindings = Bindings { source: CaseBinding::ints(&words), sums: unwritten(groups + 2) };
        Case::new(format!("{quads} vectors"), [0], &Params { quads, groups }, bindings, groups)
    };
    [1, 3, 255, QUADS, QUADS + 1, 2 * QUADS + 700].into_iter().map(case).collect()
}
