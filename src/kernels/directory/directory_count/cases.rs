//! The cases of `directory_count`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    [[0u32, 0, 0], [7, 40, 0], [7, 97, 0], [7, 97, 5], [7, 97, 30], [7, 100, 0]]
        .into_iter()
        .map(|[total, had, left]| {
            let bindings = Bindings {
                total: CaseBinding::ints(&[total]),
                counts: CaseBinding::ints(&[had, left, 11]),
                admitted: unwritten(1),
            };
            let name = format!("{total} new, {had} of 100 had, {left} left");
            Case::new(name, [0], &Params { capacity: 100 }, bindings, 1)
        })
        .collect()
}
