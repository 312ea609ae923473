//! The cases of `row_terms`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{status, unwritten};

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, first, refused) in
        [(1, 0, false), (257, 0, false), (100, 64, false), (300, 0, true), (300_000, 0, false)]
    {
        let rows: Vec<u32> = (0..first + len).map(|i| i * 3).collect();
        let counts: Vec<u32> = (0..first + len).map(|i| i % 4).collect();
        let bindings = Bindings {
            status: status(refused),
            rows: CaseBinding::ints(&rows),
            counts: CaseBinding::ints(&counts),
            keys: unwritten(len * 2),
            terms: unwritten(len * 2),
        };
        let params = Params { len, first, base: 9, stride: 20 };
        let name = format!("n={len} first={first} refused={refused}");
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if len == 300_000 { case.bench(u64::from(len) * 24, 0) } else { case });
    }
    all
}
