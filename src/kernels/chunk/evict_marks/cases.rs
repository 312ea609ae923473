//! The cases of `evict_marks`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::chunk_slots::cases::mixed_slots;
use crate::kernels::feature::NONE;
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, stay, chunks) in [(1u32, 0u32, 1u32), (70, 12, 3), (70, 70, 4), (20_000, 300, 4)] {
        let [credit, rows] = leaving(len, stay);
        let bindings = Bindings {
            credit: CaseBinding::ints(&credit),
            rows: CaseBinding::ints(&rows),
            slots: CaseBinding::ints(&mixed_slots((2 * len + 1) * chunks)),
            marks: unwritten(len * chunks + 1),
        };
        let name = format!("{len} x {chunks}, {stay} stay");
        let case = Case::new(name, [0], &Params { len, chunks }, bindings, (len * chunks + 1).div_ceil(256));
        all.push(if len == 20_000 { case.bench(u64::from(len * chunks) * 8, 0) } else { case });
    }
    all
}

/// Sorted numbers of which the last are of rows that stay, and rows in no order.
pub(crate) fn leaving(len: u32, stay: u32) -> [Vec<u32>; 2] {
    let credit = (0..len).map(|i| if i + stay < len { i / 3 } else { NONE }).collect();
    [credit, (0..len).map(|i| (len - i) * 2).collect()]
}
