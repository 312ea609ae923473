//! The cases of `chunk_opened`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    [("all", 5u32, 40u32), ("too few slots", 5, 11), ("no slots", 5, 0), ("nothing new", 0, 11)]
        .map(|(name, admitted, free)| {
            let bindings = Bindings {
                admitted: CaseBinding::ints(&[admitted]),
                free_count: CaseBinding::ints(&[free]),
                fresh_count: unwritten(1),
            };
            Case::new(name, [0], &Params { chunks: 4 }, bindings, 1)
        })
        .into()
}
