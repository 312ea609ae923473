//! The cases of `chunk_slots`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::NONE;
use crate::kernels::jagged_inputs::unwritten;

/// Slots of that many chunks in a mixed order, every fourth of them without one.
pub(crate) fn mixed_slots(chunks: u32) -> Vec<u32> {
    // odd numbers below a power of two permute its numbers
    let room = chunks.next_power_of_two();
    (0..chunks).map(|u| if u % 4 == 1 { NONE } else { u.wrapping_mul(2_654_435_761) % room }).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, total, rows, chunks) in
        [(1u32, 1u32, 1u32, 1u32), (40, 30, 40, 4), (40, 0, 40, 4), (100_000, 90_000, 200_000, 4)]
    {
        let occurred: Vec<u32> = (0..total.max(1)).map(|i| i * (rows / total.max(1))).collect();
        let params = Params { len, chunks };
        let bindings = Bindings {
            rows: CaseBinding::ints(&occurred),
            total: CaseBinding::ints(&[total]),
            slots: CaseBinding::ints(&mixed_slots(rows * chunks)),
            out: unwritten(len * chunks),
        };
        let name = format!("{total} of {rows} x {chunks}");
        let case = Case::new(name, [0], &params, bindings, (len * chunks).div_ceil(256));
        all.push(if len == 100_000 { case.bench(u64::from(len * chunks) * 8, 0) } else { case });
    }
    all
}
