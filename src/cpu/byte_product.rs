//! Sums of products of unsigned and signed bytes, exact in `i32`, by the best instructions there are.
//!
//! Four bytes that follow each other in `k` are a word. Codes lie in rows of words, weights in panels of [`PANEL`]
//! outputs: by words of `k`, then by outputs. No step saturates: pairs of products are summed in 32 bits, or in 16 where
//! they fit.

use std::sync::OnceLock;

use super::simd::vectorised;
use crate::device::disabled;
pub(super) use crate::kernels::linear_int8::PANEL;

/// Panels that are worked on together, and rows.
pub(super) const PANELS: usize = 4;
pub(super) const ROWS: usize = 6;

/// The sums of a tile, by rows.
pub(super) type Sums = [[i32; PANELS * PANEL]; ROWS];

/// Words of `k` that are worked on together where codes are widened: those of all rows, and of a panel, stay in the
/// first-level cache.
const BLOCK: usize = 256;

/// Words of rows, as four 16-bit numbers each.
type Widened = [[[u16; 4]; BLOCK]; ROWS];

/// A tile, and what making its sums takes: one for many tiles, as clearing it takes time.
pub(super) struct Tile {
    pub(super) sums: Sums,
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only AVX2 widens codes"))]
    widened: Widened,
}

impl Tile {
    pub(super) fn new() -> Self {
        Self { sums: [[0; PANELS * PANEL]; ROWS], widened: [[[0; 4]; BLOCK]; ROWS] }
    }
    /// The sums of up to [`ROWS`] rows of `words` words and of up to [`PANELS`] panels.
    pub(super) fn multiply(&mut self, path: Path, codes: &[u32], words: usize, weights: &[u32]) {
        let (rows, panels) = (codes.len() / words, weights.len() / (words * PANEL));
        assert!(rows <= ROWS && panels <= PANELS && codes.len() == rows * words);
        assert!(weights.len() == panels * words * PANEL);
        match path {
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni => x86::avx512_vnni(codes, words, weights, &mut self.sums),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => x86::avx2(codes, words, weights, self),
            Path::Portable => portable(codes, words, weights, &mut self.sums),
        }
    }
}

/// How the sums are made. All give the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Path {
    /// Those that this processor has, the best first.
    pub(super) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let special = [
            (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni"), Self::Avx512Vnni),
            (is_x86_feature_detected!("avx2"), Self::Avx2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let special: [(bool, Self); 0] = [];
        special.into_iter().filter_map(|(there, path)| there.then_some(path)).chain([Self::Portable])
    }

    /// `EMBAG_DISABLE=avx512_vnni` leaves that one out, to see what other processors do.
    pub(super) fn best() -> Self {
        static BEST: OnceLock<Path> = OnceLock::new();
        let allowed = |path: &Self| match path {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => !disabled("avx512_vnni"),
            _ => true,
        };
        *BEST.get_or_init(|| Self::available().find(allowed).unwrap_or(Self::Portable))
    }
}

fn portable(codes: &[u32], words: usize, weights: &[u32], sums: &mut Sums) {
    vectorised(
        #[inline(always)]
        || {
            for (row, sums) in codes.chunks(words).zip(sums) {
                for (panel, sums) in weights.chunks(words * PANEL).zip(sums.chunks_mut(PANEL)) {
                    let mut all = [0i32; PANEL];
                    for (code, weights) in row.iter().zip(panel.chunks(PANEL)) {
                        for k in 0..4 {
                            let code = i32::from(code.to_le_bytes()[k]);
                            for (sum, weight) in all.iter_mut().zip(weights) {
                                *sum += code * i32::from(weight.to_le_bytes()[k].cast_signed());
                            }
                        }
                    }
                    sums.copy_from_slice(&all);
                }
            }
        },
    );
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "vectors are loaded through pointers, and instructions must be there")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{BLOCK, PANEL, PANELS, Path, Sums, Tile, Widened};

    /// A function of a number of rows that is known to the compiler.
    macro_rules! by_rows {
        ($rows:expr, $function:ident [$($panels:literal)?], $arguments:tt) => {
            match $rows {
                1 => $function::<1 $(, $panels)?> $arguments,
                2 => $function::<2 $(, $panels)?> $arguments,
                3 => $function::<3 $(, $panels)?> $arguments,
                4 => $function::<4 $(, $panels)?> $arguments,
                5 => $function::<5 $(, $panels)?> $arguments,
                6 => $function::<6 $(, $panels)?> $arguments,
                _ => {}
            }
        };
    }

    pub(super) fn avx512_vnni(codes: &[u32], words: usize, weights: &[u32], sums: &mut Sums) {
        debug_assert!(Path::available().any(|path| path == Path::Avx512Vnni));
        let rows = codes.len() / words;
        if weights.len() == PANELS * words * PANEL {
            // SAFETY: the path is chosen where the instructions are there, and the caller asserted the lengths.
            unsafe { by_rows!(rows, vnni[4], (codes, words, weights, sums, 0)) };
            return;
        }
        for (i, panel) in weights.chunks(words * PANEL).enumerate() {
            // SAFETY: as above.
            unsafe { by_rows!(rows, vnni[1], (codes, words, panel, sums, i)) };
        }
    }

    /// `WIDTH` panels, whose sums are those of panel `first` on.
    ///
    /// # Safety
    /// `codes` must hold `HEIGHT` rows of `words` words, and `weights` `WIDTH` panels.
    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn vnni<const HEIGHT: usize, const WIDTH: usize>(
        codes: &[u32],
        words: usize,
        weights: &[u32],
        sums: &mut Sums,
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
            for (sum, to) in all.iter().zip(sums[first * PANEL..].chunks_mut(PANEL)) {
                // SAFETY: PANEL sums, as long as a vector.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), *sum) };
            }
        }
    }

    pub(super) fn avx2(codes: &[u32], words: usize, weights: &[u32], tile: &mut Tile) {
        debug_assert!(Path::available().any(|path| path == Path::Avx2));
        let Tile { sums, widened } = tile;
        if of_seven_bits(codes) {
            for (i, panel) in weights.chunks(words * PANEL).enumerate() {
                // SAFETY: the path is chosen where the instructions are there, and the caller asserted the lengths.
                unsafe { by_rows!(codes.len() / words, maddubs[], (codes, words, panel, sums, i * PANEL)) };
            }
            return;
        }
        sums.as_flattened_mut().fill(0);
        for first in (0..words).step_by(BLOCK) {
            let block = BLOCK.min(words - first);
            for (codes, widened) in codes.chunks(words).zip(&mut *widened) {
                // SAFETY: the path is chosen where the instructions are there.
                unsafe { widen(&codes[first..][..block], widened) };
            }
            for (i, panel) in weights.chunks(words * PANEL).enumerate() {
                let panel = &panel[first * PANEL..][..block * PANEL];
                for at in (0..PANEL).step_by(OUTPUTS) {
                    // SAFETY: as above; the panel has `block` words of PANEL outputs.
                    unsafe {
                        by_rows!(codes.len() / words, madd[], (widened, panel, at, sums, i * PANEL + at))
                    };
                }
            }
        }
    }

    /// Whether all codes are below 128, as those of a reduced range are: pairs of their products fit 16 bits.
    fn of_seven_bits(codes: &[u32]) -> bool {
        codes.iter().fold(0, |all, code| all | code) & 0x8080_8080 == 0
    }

    /// The sums of a panel, from sum `first` on, of codes below 128: `2 * 127 * 128` fits 16 bits.
    ///
    /// # Safety
    /// The instructions must be there, and `codes` must hold `HEIGHT` rows of `words` words, as many as the panel has.
    #[target_feature(enable = "avx2")]
    unsafe fn maddubs<const HEIGHT: usize>(
        codes: &[u32],
        words: usize,
        panel: &[u32],
        sums: &mut Sums,
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

    /// # Safety
    /// The instructions must be there.
    #[target_feature(enable = "avx2")]
    unsafe fn widen(codes: &[u32], widened: &mut [[u16; 4]; BLOCK]) {
        let codes: &[u8] = bytemuck::cast_slice(codes);
        for (to, &code) in widened.as_flattened_mut().iter_mut().zip(codes) {
            *to = u16::from(code);
        }
    }

    /// Outputs whose sums fit the registers, beside those of all rows.
    const OUTPUTS: usize = 8;

    /// Adds the products of the outputs from `at` on of a panel to the sums from `first` on. A vector has four outputs, each with
    /// the sums of even and of odd pairs of k.
    ///
    /// # Safety
    /// The instructions must be there, and the panel must have no more than [`BLOCK`] words.
    #[target_feature(enable = "avx2")]
    unsafe fn madd<const HEIGHT: usize>(
        codes: &Widened,
        panel: &[u32],
        at: usize,
        sums: &mut Sums,
        first: usize,
    ) {
        let mut all = [[_mm256_setzero_si256(); 2]; HEIGHT];
        for (k, panel) in panel.chunks_exact(PANEL).enumerate() {
            let mut weights = [_mm256_setzero_si256(); 2];
            for (i, weights) in weights.iter_mut().enumerate() {
                // SAFETY: four of PANEL words.
                let bytes = unsafe { _mm_loadu_si128(panel.as_ptr().add(at + i * 4).cast()) };
                *weights = _mm256_cvtepi8_epi16(bytes);
            }
            for (codes, all) in codes.iter().zip(&mut all) {
                // SAFETY: the caller promised that there are so many words.
                let code = _mm256_set1_epi64x(bytemuck::cast(*unsafe { codes.get_unchecked(k) }));
                for (sum, weights) in all.iter_mut().zip(weights) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(code, weights));
                }
            }
        }
        for ([low, high], sums) in all.into_iter().zip(sums) {
            let to: *mut __m256i = sums[first..][..OUTPUTS].as_mut_ptr().cast();
            // of outputs 0, 1, 4, 5, 2, 3, 6 and 7
            let pairs = _mm256_hadd_epi32(low, high);
            let products = _mm256_permute4x64_epi64::<0b11_01_10_00>(pairs);
            // SAFETY: eight sums, as long as a vector.
            unsafe { _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), products)) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::random::Random;

    #[test]
    fn every_path_gives_the_exact_sums() {
        let mut random = Random::new(3);
        for (rows, panels, words) in
            [(1, 1, 4), (2, 4, 8), (6, 2, 600), (6, 4, 12), (5, 3, 4), (4, 2, 256), (3, 4, 20)]
        {
            // half of the bytes are the extremes, which saturate where pairs are summed in 16 bits
            let mut bytes = |low: u8, high: u8| {
                let mut byte = || match random.below(4) {
                    0 => low,
                    1 => high,
                    _ => u8::try_from(random.below(256)).unwrap_or(0),
                };
                u32::from_le_bytes([(); 4].map(|()| byte()))
            };
            let all_codes: Vec<u32> = (0..rows * words).map(|_| bytes(255, 254)).collect();
            let weights: Vec<u32> = (0..panels * words * PANEL).map(|_| bytes(127, 128)).collect();
            // those of seven bits have a way of their own
            for codes in [all_codes.clone(), all_codes.iter().map(|code| code & 0x7f7f_7f7f).collect()] {
                check(&codes, &weights, (rows, panels, words));
            }
        }
    }

    fn check(codes: &[u32], weights: &[u32], (rows, panels, words): (usize, usize, usize)) {
        let expected = |row: usize, n: usize| -> i32 {
            let weight = |k: usize| weights[(n / PANEL * words + k) * PANEL + n % PANEL].to_le_bytes();
            let pairs = |k: usize| codes[row * words + k].to_le_bytes().into_iter().zip(weight(k));
            (0..words).flat_map(pairs).map(|(a, b)| i32::from(a) * i32::from(b.cast_signed())).sum()
        };
        for path in Path::available() {
            let mut tile = Tile::new();
            tile.sums = [[7; PANELS * PANEL]; ROWS];
            tile.multiply(path, codes, words, weights);
            for (row, sums) in tile.sums.iter().enumerate().take(rows) {
                for (n, &sum) in sums.iter().enumerate().take(panels * PANEL) {
                    assert_eq!(sum, expected(row, n), "{path:?} {rows}x{panels}x{words}: {row}, {n}");
                }
            }
        }
    }
}
