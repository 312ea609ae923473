//! By `vpdpbusd`, which adds four products of bytes to each of 16 sums.
#![allow(unsafe_code, reason = "vectors are loaded through pointers, and instructions must be there")]

use std::arch::x86_64::*;

use super::{OUTPUTS, PANEL, PANELS, Path};

/// Rows whose sums fit the registers beside four panels of weights.
const ROWS: usize = 6;

pub(super) fn products(
    codes: &[u32],
    words: usize,
    weights: &[u32],
    mut finish: impl FnMut(usize, &[i32; OUTPUTS]),
) {
    debug_assert!(Path::available().any(|path| path == Path::Avx512Vnni));
    let mut sums = [[0; OUTPUTS]; ROWS];
    for (tile, codes) in codes.chunks(ROWS * words).enumerate() {
        let rows = codes.len() / words;
        if weights.len() == OUTPUTS * words {
            // SAFETY: the path is chosen where the instructions are there, and the caller asserted the lengths.
            unsafe { by_rows!(rows, add[PANELS], (codes, words, weights, &mut sums, 0)) };
        } else {
            for (i, panel) in weights.chunks(words * PANEL).enumerate() {
                // SAFETY: as above.
                unsafe { by_rows!(rows, add[1], (codes, words, panel, &mut sums, i * PANEL)) };
            }
        }
        (0..rows).for_each(|row| finish(tile * ROWS + row, &sums[row]));
    }
}

/// The sums of `HEIGHT` rows and `WIDTH` panels, whose first output is `first`.
///
/// # Safety
/// `codes` must hold `HEIGHT` rows of `words` words, and `weights` `WIDTH` panels.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn add<const HEIGHT: usize, const WIDTH: usize>(
    codes: &[u32],
    words: usize,
    weights: &[u32],
    sums: &mut [[i32; OUTPUTS]; ROWS],
    first: usize,
) {
    let mut all = [[_mm512_setzero_si512(); WIDTH]; HEIGHT];
    for k in 0..words {
        let mut panels = [_mm512_setzero_si512(); WIDTH];
        for (i, panel) in panels.iter_mut().enumerate() {
            // SAFETY: PANEL words that the caller promised.
            *panel = unsafe { _mm512_loadu_si512(weights.as_ptr().add((i * words + k) * PANEL).cast()) };
        }
        for (row, all) in all.iter_mut().enumerate() {
            // SAFETY: a word that the caller promised.
            let code = _mm512_set1_epi32(unsafe { *codes.get_unchecked(row * words + k) }.cast_signed());
            for (sum, panel) in all.iter_mut().zip(panels) {
                *sum = _mm512_dpbusd_epi32(*sum, code, panel);
            }
        }
    }
    for (all, sums) in all.iter().zip(sums) {
        for (sum, to) in all.iter().zip(sums[first..].chunks_mut(PANEL)) {
            // SAFETY: PANEL sums, as long as a vector.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), *sum) };
        }
    }
}
