//! Twin of `index_count.wgsl`.

use rayon::prelude::*;

use crate::kernels::index_count::View;
use crate::kernels::index_write::CODING_BITS;

/// Words that one task takes at least.
pub(crate) const LEAST: usize = 1 << 13;

/// Entries and places of a word.
pub(crate) fn counted(word: u32, coding: u32) -> (u32, u32) {
    if coding == CODING_BITS {
        return (word.count_ones(), 32);
    }
    word.to_le_bytes().into_iter().fold((0, 0), |(entries, places), byte| match byte {
        0 => (entries, places + 255),
        code => (entries + 1, places + u32::from(code)),
    })
}

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let words = call.words[..p.words as usize].par_iter().with_min_len(LEAST);
    let found = call.entries.par_iter_mut().zip(call.places);
    words.zip(found).for_each(|(&word, (entries, places))| (*entries, *places) = counted(word, p.coding));
}
