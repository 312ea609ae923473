//! The cases of `evict_chunks`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::chunk_slots::cases::mixed_slots;
use crate::kernels::evict_marks::cases::leaving;
use crate::kernels::feature::NONE;
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, stay, chunks) in [(1u32, 0u32, 1u32), (70, 12, 3), (70, 70, 4), (20_000, 300, 4)] {
        let [credit, rows] = leaving(len, stay);
        let slots = mixed_slots((2 * len + 1) * chunks);
        let mut places = vec![0];
        for (&credit, &row) in credit.iter().zip(&rows) {
            for slot in &slots[(row * chunks) as usize..][..chunks as usize] {
                places.push(places[places.len() - 1] + u32::from(credit != NONE && *slot != NONE));
            }
        }
        let bindings = Bindings {
            credit: CaseBinding::ints(&credit),
            rows: CaseBinding::ints(&rows),
            places: CaseBinding::ints(&places),
            free_count: CaseBinding::ints(&[4u32]),
            free: unwritten(4 + len * chunks),
            slots: CaseBinding::ints(&slots),
            utility: CaseBinding::floats(&vec![0.5; slots.len()]),
        };
        let name = format!("{len} x {chunks}, {stay} stay");
        let case = Case::new(name, [0], &Params { len, chunks }, bindings, (len * chunks).div_ceil(256));
        all.push(if len == 20_000 { case.bench(u64::from(len * chunks) * 16, 0) } else { case });
    }
    all
}
