//! By `vpmaddubsw`, whose pairs of products saturate at 16 bits: those of codes below 128, as of a reduced
//! range, fit.
#![allow(unsafe_code, reason = "vectors are loaded through pointers, and instructions must be there")]

use std::arch::x86_64::*;

use super::{OUTPUTS, PANEL, Path};

/// Rows whose sums fit the registers.
const ROWS: usize = 6;

/// Whether all codes are below 128.
pub(super) fn are(codes: &[u32]) -> bool {
    codes.iter().fold(0, |all, code| all | code) & 0x8080_8080 == 0
}

pub(super) fn products(
    codes: &[u32],
    words: usize,
    weights: &[u32],
    mut finish: impl FnMut(usize, &[i32; OUTPUTS]),
) {
    debug_assert!(Path::available().any(|path| path == Path::Avx2));
    let mut sums = [[0; OUTPUTS]; ROWS];
    for (tile, codes) in codes.chunks(ROWS * words).enumerate() {
        let rows = codes.len() / words;
        for (i, panel) in weights.chunks(words * PANEL).enumerate() {
            // SAFETY: the path is chosen where the instructions are there, and the caller asserted the lengths.
            unsafe { by_rows!(rows, add[], (codes, words, panel, &mut sums, i * PANEL)) };
        }
        (0..rows).for_each(|row| finish(tile * ROWS + row, &sums[row]));
    }
}

/// The sums of `HEIGHT` rows and of a panel, whose first output is `first`: `2 * 127 * 128` fits 16 bits.
///
/// # Safety
/// The instructions must be there, and `codes` must hold `HEIGHT` rows of `words` words, as many as the panel
/// has.
#[target_feature(enable = "avx2")]
unsafe fn add<const HEIGHT: usize>(
    codes: &[u32],
    words: usize,
    panel: &[u32],
    sums: &mut [[i32; OUTPUTS]; ROWS],
    first: usize,
) {
    let mut all = [[_mm256_setzero_si256(); 2]; HEIGHT];
    for (k, panel) in panel.chunks_exact(PANEL).enumerate() {
        // SAFETY: PANEL words are two vectors.
        let weights = [0, 8].map(|at| unsafe { _mm256_loadu_si256(panel.as_ptr().add(at).cast()) });
        for (row, all) in all.iter_mut().enumerate() {
            // SAFETY: a word that the caller promised.
            let code = _mm256_set1_epi32(unsafe { *codes.get_unchecked(row * words + k) }.cast_signed());
            for (sum, weights) in all.iter_mut().zip(weights) {
                let pairs = _mm256_maddubs_epi16(code, weights);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
            }
        }
    }
    for (all, sums) in all.iter().zip(sums) {
        for (sum, to) in all.iter().zip(sums[first..].chunks_mut(8)) {
            // SAFETY: eight sums, as long as a vector.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), *sum) };
        }
    }
}
