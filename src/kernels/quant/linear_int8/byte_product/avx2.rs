//! Of codes of eight bits, whose pairs of products do not fit the 16 bits of AVX2's instruction for bytes.
//!
//! Bytes are widened to 16 bits, and two products cost one multiplication (Winograd, "A new algorithm for
//! inner product", 1968): `a0 w0 + a1 w1 = (a0 + w1) (a1 + w0) - a0 a1 - w0 w1`. The sums of `a0 a1` are a
//! row's and those of `w0 w1` an output's, so each is made once. The additions in 16 bits take the place of
//! multiplications, of which processors begin half as many at a time. Sums wrap at 32 bits, where the whole
//! fits.
#![allow(unsafe_code, reason = "vectors are loaded through pointers, and instructions must be there")]

use std::arch::x86_64::*;
use std::cell::RefCell;

use super::{OUTPUTS, PANEL, Path, ROWS};

/// Rows whose sums fit the registers beside a panel's weights.
const TILE: usize = 4;
/// Words that are worked on together: a panel of them, widened, and those of a tile stay in the first-level
/// cache.
const BLOCK: usize = 128;

/// The even and the odd bytes of a word, as 16-bit numbers.
type Widened = [u32; 2];

/// What becomes of codes and weights.
#[repr(align(64))]
struct Workspace {
    /// By words; even bytes, then odd ones.
    weights: [[[u32; PANEL]; 2]; BLOCK],
    codes: [[Widened; BLOCK]; ROWS],
    sums: [[i32; OUTPUTS]; ROWS],
    /// The sums of the products of two codes.
    of_rows: [i32; ROWS],
    /// And of two weights.
    of_outputs: [i32; OUTPUTS],
}

thread_local! {
    /// One for all calls, as clearing it takes time.
    static WORKSPACE: RefCell<Box<Workspace>> = RefCell::new(Box::new(Workspace {
        weights: [[[0; PANEL]; 2]; BLOCK],
        codes: [[[0; 2]; BLOCK]; ROWS],
        sums: [[0; OUTPUTS]; ROWS],
        of_rows: [0; ROWS],
        of_outputs: [0; OUTPUTS],
    }));
}

pub(super) fn products(
    codes: &[u32],
    words: usize,
    weights: &[u32],
    mut finish: impl FnMut(usize, &[i32; OUTPUTS]),
) {
    debug_assert!(Path::available().any(|path| path == Path::Avx2));
    WORKSPACE.with_borrow_mut(|space| {
        for (first, codes) in (0..).step_by(ROWS).zip(codes.chunks(ROWS * words)) {
            let rows = codes.len() / words;
            space.multiply(codes, words, weights);
            for (row, sums) in space.sums[..rows].iter_mut().enumerate() {
                // SAFETY: the path is chosen where the instructions are there.
                unsafe { subtract(sums, space.of_rows[row], &space.of_outputs) };
                finish(first + row, sums);
            }
        }
    });
}

impl Workspace {
    /// The sums of up to [`ROWS`] rows, with the products of codes and of weights.
    fn multiply(&mut self, codes: &[u32], words: usize, weights: &[u32]) {
        let rows = codes.len() / words;
        self.sums[..rows].as_flattened_mut().fill(0);
        self.of_rows.fill(0);
        self.of_outputs.fill(0);
        for first in (0..words).step_by(BLOCK) {
            let block = BLOCK.min(words - first);
            let of_rows = codes.chunks(words).zip(&mut self.codes).zip(&mut self.of_rows);
            for ((codes, widened), of_row) in of_rows {
                // SAFETY: the path is chosen where the instructions are there.
                unsafe { widen_codes(&codes[first..][..block], widened, of_row) };
            }
            for (i, panel) in weights.chunks(words * PANEL).enumerate() {
                let panel = &panel[first * PANEL..][..block * PANEL];
                // SAFETY: as above.
                unsafe { widen_weights(panel, &mut self.weights, &mut self.of_outputs[i * PANEL..]) };
                let weights = &self.weights[..block];
                let tiles = self.codes[..rows].chunks(TILE).zip(self.sums[..rows].chunks_mut(TILE));
                for (codes, sums) in tiles {
                    // SAFETY: as above.
                    unsafe { by_rows!(codes.len(), add[], (codes, weights, sums, i * PANEL)) };
                }
            }
        }
    }
}

/// # Safety
/// The instructions must be there.
#[target_feature(enable = "avx2")]
unsafe fn widen_codes(codes: &[u32], widened: &mut [Widened; BLOCK], of_row: &mut i32) {
    let (eights, rest) = codes.as_chunks::<8>();
    let (to_eights, to_rest) = widened.split_at_mut(eights.len() * 8);
    let mut products = _mm256_setzero_si256();
    for (to, eight) in to_eights.as_chunks_mut::<8>().0.iter_mut().zip(eights) {
        // SAFETY: eight words are a vector, and two of them when they are widened.
        let words = unsafe { _mm256_loadu_si256(eight.as_ptr().cast()) };
        let even = _mm256_and_si256(words, _mm256_set1_epi16(0xff));
        let odd = _mm256_srli_epi16::<8>(words);
        products = _mm256_add_epi32(products, _mm256_madd_epi16(even, odd));
        // words 0, 1, 4, 5 and 2, 3, 6, 7
        let (low, high) = (_mm256_unpacklo_epi32(even, odd), _mm256_unpackhi_epi32(even, odd));
        let to: *mut __m256i = to.as_mut_ptr().cast();
        // SAFETY: as above.
        unsafe {
            _mm256_storeu_si256(to, _mm256_permute2x128_si256::<0x20>(low, high));
            _mm256_storeu_si256(to.add(1), _mm256_permute2x128_si256::<0x31>(low, high));
        }
    }
    let mut sums = [0i32; 8];
    // SAFETY: eight sums, as long as a vector.
    unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), products) };
    for sum in sums {
        *of_row = of_row.wrapping_add(sum);
    }
    for (to, &word) in to_rest.iter_mut().zip(rest) {
        let [even, odd] = [word & 0x00ff_00ff, word >> 8 & 0x00ff_00ff];
        *to = [even, odd];
        let products = (even & 0xff) * (odd & 0xff) + (even >> 16) * (odd >> 16);
        *of_row = of_row.wrapping_add(products.cast_signed());
    }
}

/// # Safety
/// The instructions must be there.
#[target_feature(enable = "avx2")]
unsafe fn subtract(sums: &mut [i32; OUTPUTS], of_row: i32, of_outputs: &[i32; OUTPUTS]) {
    for (sum, of_output) in sums.iter_mut().zip(of_outputs) {
        *sum = sum.wrapping_sub(of_row).wrapping_sub(*of_output);
    }
}

/// # Safety
/// The instructions must be there.
#[target_feature(enable = "avx2")]
unsafe fn widen_weights(panel: &[u32], widened: &mut [[[u32; PANEL]; 2]; BLOCK], of_outputs: &mut [i32]) {
    let mut products = [_mm256_setzero_si256(); 2];
    for (panel, [evens, odds]) in panel.chunks_exact(PANEL).zip(widened) {
        for (i, products) in products.iter_mut().enumerate() {
            let at = i * 8;
            // SAFETY: eight of PANEL words, as long as a vector.
            unsafe {
                let bytes = _mm256_loadu_si256(panel[at..][..8].as_ptr().cast());
                let odd = _mm256_srai_epi16::<8>(bytes);
                let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(bytes));
                _mm256_storeu_si256(evens[at..][..8].as_mut_ptr().cast(), even);
                _mm256_storeu_si256(odds[at..][..8].as_mut_ptr().cast(), odd);
                *products = _mm256_add_epi32(*products, _mm256_madd_epi16(even, odd));
            }
        }
    }
    for (products, to) in products.into_iter().zip(of_outputs[..PANEL].chunks_mut(8)) {
        let to: *mut __m256i = to.as_mut_ptr().cast();
        // SAFETY: eight sums, as long as a vector.
        unsafe { _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), products)) };
    }
}

/// Adds the products of `HEIGHT` rows and a panel to the sums from `first` on.
///
/// # Safety
/// The instructions must be there, and there must be `HEIGHT` rows.
#[target_feature(enable = "avx2")]
unsafe fn add<const HEIGHT: usize>(
    codes: &[[Widened; BLOCK]],
    panel: &[[[u32; PANEL]; 2]],
    sums: &mut [[i32; OUTPUTS]],
    first: usize,
) {
    let mut all = [[_mm256_setzero_si256(); 2]; HEIGHT];
    for (k, [evens, odds]) in panel.iter().enumerate() {
        let [mut even, mut odd] = [[_mm256_setzero_si256(); 2]; 2];
        for i in 0..2 {
            // SAFETY: PANEL words are two vectors.
            unsafe {
                even[i] = _mm256_loadu_si256(evens.as_ptr().add(i * 8).cast());
                odd[i] = _mm256_loadu_si256(odds.as_ptr().add(i * 8).cast());
            }
        }
        for (codes, all) in codes.iter().zip(&mut all) {
            // SAFETY: a panel has no more than BLOCK words.
            let &[code_even, code_odd] = unsafe { codes.get_unchecked(k) };
            let code_even = _mm256_set1_epi32(code_even.cast_signed());
            let code_odd = _mm256_set1_epi32(code_odd.cast_signed());
            for i in 0..2 {
                let left = _mm256_add_epi16(code_even, odd[i]);
                let right = _mm256_add_epi16(code_odd, even[i]);
                all[i] = _mm256_add_epi32(all[i], _mm256_madd_epi16(left, right));
            }
        }
    }
    for (all, sums) in all.iter().zip(sums) {
        for (sum, to) in all.iter().zip(sums[first..][..PANEL].chunks_mut(8)) {
            let to: *mut __m256i = to.as_mut_ptr().cast();
            // SAFETY: eight sums, as long as a vector.
            unsafe { _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), *sum)) };
        }
    }
}
