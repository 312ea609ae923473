//! The cases of `index_write`, and codes for those of what reads them.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::index_lengths::cases::places;
use crate::kernels::index_lengths::twin::gap;
use crate::numbers::narrow;

/// The bytes before each entry's gap, and those of all.
fn offsets(places: &[u32]) -> (Vec<u32>, u32) {
    let mut total = 0;
    let offsets = (0..places.len())
        .map(|i| {
            let before = total;
            total += gap(places, i) / 255 + 1;
            before
        })
        .collect();
    (offsets, total)
}

/// The words of a code of places.
pub(crate) fn code(places: &[u32], coding: u32) -> Vec<u32> {
    let mut words = vec![0; empty(places, coding)];
    let view = View {
        variant: 0,
        params: Params { len: narrow(places.len()), first: 0, coding },
        indices: places,
        offsets: &offsets(places).0,
        words: &mut words,
    };
    twin::run(view);
    words
}

/// How many words a code has.
fn empty(places: &[u32], coding: u32) -> usize {
    match coding {
        CODING_BITS => places.last().map_or(0, |last| last / 32 + 1) as usize,
        _ => offsets(places).1.div_ceil(4) as usize,
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, first) in [(1u32, 0u32), (64, 3), (65, 0), (100_000, 0)] {
        let places = places(len);
        for coding in [CODING_BITS, CODING_GAPS] {
            let words = vec![0u32; empty(&places, coding) + 1];
            let bytes = u64::from(len) * 8 + words.len() as u64 * 4;
            let bindings = Bindings {
                indices: CaseBinding::ints(&[vec![9; first as usize], places.clone()].concat()),
                offsets: CaseBinding::ints(&offsets(&places).0),
                words: CaseBinding::ints(&words),
            };
            let params = Params { len, first, coding };
            let case =
                Case::new(format!("n={len} coding={coding}"), [0], &params, bindings, len.div_ceil(64));
            all.push(if len == 100_000 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
