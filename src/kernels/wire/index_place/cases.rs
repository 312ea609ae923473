//! The cases of `index_place`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::index_count::twin::counted;
use crate::kernels::index_lengths::cases::places;
use crate::kernels::index_write::CODING_GAPS;
use crate::kernels::index_write::cases::code;
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // there may be room for fewer entries than a code has
    for (len, room) in [(1u32, 1u32), (64, 64), (300, 290), (100_000, 100_000)] {
        for coding in [CODING_BITS, CODING_GAPS] {
            let code = code(&places(len), coding);
            let words = narrow(code.len());
            let (mut entries, mut before) = (Vec::new(), Vec::new());
            let mut sums = (0, 0);
            for &word in &code {
                entries.push(sums.0);
                before.push(sums.1);
                let (more, covered) = counted(word, coding);
                sums = (sums.0 + more, sums.1 + covered);
            }
            let bindings = Bindings {
                words: CaseBinding::ints(&code),
                entries: CaseBinding::ints(&entries),
                places: CaseBinding::ints(&before),
                indices: CaseBinding::unwritten(room as usize + 1),
            };
            let params = Params { words, len: room, coding };
            let case =
                Case::new(format!("n={len} coding={coding}"), [0], &params, bindings, words.div_ceil(64));
            let bytes = u64::from(words) * 12 + u64::from(len) * 4;
            all.push(if len == 100_000 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
