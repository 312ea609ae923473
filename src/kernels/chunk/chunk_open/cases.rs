//! The cases of `chunk_open`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, new, len, free, chunks, words) in [
        ("all", 5u32, 7u32, 40u32, 4u32, 1u32),
        ("too few slots", 5, 7, 11, 4, 2),
        ("no slots", 5, 7, 0, 4, 1),
        ("nothing new", 0, 7, 11, 4, 2),
        ("large", 50_000, 80_000, 300_000, 4, 1),
    ] {
        // rows in no order, each once
        let rows: Vec<[u32; 2]> = (0..len).map(|i| [i * 7 % (2 * len + 1), i * 77 + 5]).collect();
        let stack: Vec<u32> = (0..free.max(1)).map(|i| i * 3 % 100_003).collect();
        let params = Params { len, chunks, table: 1, step: 12, words, credit: 9 };
        let bindings = Bindings {
            new_rows: CaseBinding::ints(&rows),
            admitted: CaseBinding::ints(&[new]),
            free_count: CaseBinding::ints(&[free]),
            free: CaseBinding::ints(&stack),
            slots: unwritten((2 * len + 1) * chunks),
            touch: unwritten((2 * len + 1) * words),
            fresh: unwritten(4 * len * chunks),
        };
        let case = Case::new(name, [0], &params, bindings, (len * chunks).div_ceil(256));
        all.push(if name == "large" { case.bench(200_000 * 24, 0) } else { case });
    }
    all
}
