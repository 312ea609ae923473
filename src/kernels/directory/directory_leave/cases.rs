//! The cases of `directory_leave`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::evict_marks::cases::leaving;
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, stay) in [(1u32, 0u32), (1, 1), (70, 12), (70, 70), (20_000, 300)] {
        let [credit, rows] = leaving(len, stay);
        let bindings = Bindings {
            credit: CaseBinding::ints(&credit),
            rows: CaseBinding::ints(&rows),
            row_ids: unwritten(2 * len + 1),
            left: unwritten(len + 5),
            gone: unwritten(1),
        };
        let name = format!("{len}, {stay} stay");
        let case = Case::new(name, [0], &Params { len, before: 4 }, bindings, len.div_ceil(256));
        all.push(if len == 20_000 { case.bench(u64::from(len) * 16, 0) } else { case });
    }
    all
}
