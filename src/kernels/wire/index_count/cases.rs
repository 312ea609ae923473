//! The cases of `index_count`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::index_lengths::cases::places;
use crate::kernels::index_write::CODING_GAPS;
use crate::kernels::index_write::cases::code;
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for len in [1u32, 64, 300, 100_000] {
        for coding in [CODING_BITS, CODING_GAPS] {
            let code = code(&places(len), coding);
            let words = narrow(code.len());
            let bindings = Bindings {
                words: CaseBinding::ints(&code),
                entries: CaseBinding::unwritten(code.len() + 1),
                places: CaseBinding::unwritten(code.len() + 1),
            };
            let params = Params { words, coding };
            let case =
                Case::new(format!("n={len} coding={coding}"), [0], &params, bindings, words.div_ceil(64));
            all.push(if len == 100_000 { case.bench(u64::from(words) * 12, 0) } else { case });
        }
    }
    all
}
