//! The cases of `variable_terms`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{offsets, unwritten};

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for len in [1, 50, 200_000] {
        for jagged in [0, 1] {
            let params = Params { len, jagged, base: 3, stride: 7 };
            let begins = CaseBinding::ints(&offsets(len, 9, 13));
            let bindings = Bindings { begins, terms: unwritten(2 * len) };
            let case = Case::new(format!("{len} jagged={jagged}"), [0], &params, bindings, len.div_ceil(256));
            all.push(if len == 200_000 && jagged == 0 { case.bench(u64::from(len) * 8, 0) } else { case });
        }
    }
    all
}
