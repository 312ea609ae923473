//! Sums of products of unsigned and signed bytes, exact in `i32`, by the best instructions there are.
//!
//! Four bytes that follow each other in `k` are a word. Codes lie in rows of words, weights in panels of [`PANEL`]
//! outputs: by words of `k`, then by outputs. No step saturates: pairs of products are summed in 32 bits.

use std::sync::OnceLock;

use super::simd::vectorised;
use crate::device::disabled;
pub(super) use crate::kernels::linear_int8::PANEL;

/// Panels that are worked on together, and rows.
pub(super) const PANELS: usize = 4;
pub(super) const ROWS: usize = 6;

/// The sums of a tile, by rows.
pub(super) type Sums = [[i32; PANELS * PANEL]; ROWS];

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

/// The sums of up to [`ROWS`] rows of `words` words and of up to [`PANELS`] panels.
pub(super) fn tile(path: Path, codes: &[u32], words: usize, weights: &[u32], sums: &mut Sums) {
    let (rows, panels) = (codes.len() / words, weights.len() / (words * PANEL));
    assert!(rows <= ROWS && panels <= PANELS && codes.len() == rows * words);
    assert!(weights.len() == panels * words * PANEL);
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512Vnni => x86::avx512_vnni(codes, words, weights, sums),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => x86::avx2(codes, words, weights, sums),
        Path::Portable => portable(codes, words, weights, sums),
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

    use super::{PANEL, PANELS, Path, Sums};

    /// A function of a number of rows that is known to the compiler.
    macro_rules! by_rows {
        ($rows:expr, $function:ident, $panels:literal, $arguments:tt) => {
            match $rows {
                1 => $function::<1, $panels> $arguments,
                2 => $function::<2, $panels> $arguments,
                3 => $function::<3, $panels> $arguments,
                4 => $function::<4, $panels> $arguments,
                5 => $function::<5, $panels> $arguments,
                6 => $function::<6, $panels> $arguments,
                _ => {}
            }
        };
    }

    pub(super) fn avx512_vnni(codes: &[u32], words: usize, weights: &[u32], sums: &mut Sums) {
        debug_assert!(Path::available().any(|path| path == Path::Avx512Vnni));
        let rows = codes.len() / words;
        if weights.len() == PANELS * words * PANEL {
            // SAFETY: the path is chosen where the instructions are there, and the caller asserted the lengths.
            unsafe { by_rows!(rows, vnni, 4, (codes, words, weights, sums, 0)) };
            return;
        }
        for (i, panel) in weights.chunks(words * PANEL).enumerate() {
            // SAFETY: as above.
            unsafe { by_rows!(rows, vnni, 1, (codes, words, panel, sums, i)) };
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

    /// Rows whose sums fit the registers.
    const FEW: usize = 3;

    pub(super) fn avx2(codes: &[u32], words: usize, weights: &[u32], sums: &mut Sums) {
        debug_assert!(Path::available().any(|path| path == Path::Avx2));
        for (codes, sums) in codes.chunks(words * FEW).zip(sums.chunks_mut(FEW)) {
            for (i, panel) in weights.chunks(words * PANEL).enumerate() {
                // SAFETY: the path is chosen where the instructions are there, and the caller asserted the lengths.
                unsafe { by_rows!(codes.len() / words, madd, 1, (codes, words, panel, sums, i)) };
            }
        }
    }

    /// One panel, whose sums are those of panel `first`.
    ///
    /// # Safety
    /// As [`vnni`].
    #[target_feature(enable = "avx2")]
    unsafe fn madd<const HEIGHT: usize, const WIDTH: usize>(
        codes: &[u32],
        words: usize,
        panel: &[u32],
        sums: &mut [[i32; PANELS * PANEL]],
        first: usize,
    ) {
        // four outputs a vector, each with the sums of even and of odd pairs of k
        let mut all = [[_mm256_setzero_si256(); 4]; HEIGHT];
        for k in 0..words {
            let mut rows = [_mm256_setzero_si256(); HEIGHT];
            for (row, code) in rows.iter_mut().enumerate() {
                // SAFETY: a word that the caller promised.
                let bytes = _mm_cvtsi32_si128(unsafe { *codes.get_unchecked(row * words + k) }.cast_signed());
                *code = _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(bytes));
            }
            for i in 0..4 {
                // SAFETY: four of PANEL words that the caller promised.
                let bytes = unsafe { _mm_loadu_si128(panel.as_ptr().add(k * PANEL + i * 4).cast()) };
                let weights = _mm256_cvtepi8_epi16(bytes);
                for (all, code) in all.iter_mut().zip(rows) {
                    all[i] = _mm256_add_epi32(all[i], _mm256_madd_epi16(code, weights));
                }
            }
        }
        for (all, sums) in all.iter().zip(sums) {
            for (sum, to) in all.iter().zip(sums[first * PANEL..].chunks_mut(4)) {
                let mut pairs = [0i32; 8];
                // SAFETY: eight sums, as long as a vector.
                unsafe { _mm256_storeu_si256(pairs.as_mut_ptr().cast(), *sum) };
                for (to, pair) in to.iter_mut().zip(pairs.chunks(2)) {
                    *to = pair[0] + pair[1];
                }
            }
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
        for (rows, panels, words) in [(1, 1, 4), (2, 4, 8), (6, 4, 12), (5, 3, 4), (4, 2, 256), (3, 4, 20)] {
            // half of the bytes are the extremes, which saturate where pairs are summed in 16 bits
            let mut bytes = |low: u8, high: u8| {
                let mut byte = || match random.below(4) {
                    0 => low,
                    1 => high,
                    _ => u8::try_from(random.below(256)).unwrap_or(0),
                };
                u32::from_le_bytes([(); 4].map(|()| byte()))
            };
            let codes: Vec<u32> = (0..rows * words).map(|_| bytes(255, 254)).collect();
            let weights: Vec<u32> = (0..panels * words * PANEL).map(|_| bytes(127, 128)).collect();
            let expected = |row: usize, n: usize| -> i32 {
                let weight = |k: usize| weights[(n / PANEL * words + k) * PANEL + n % PANEL].to_le_bytes();
                let pairs = |k: usize| codes[row * words + k].to_le_bytes().into_iter().zip(weight(k));
                (0..words).flat_map(pairs).map(|(a, b)| i32::from(a) * i32::from(b.cast_signed())).sum()
            };
            for path in Path::available() {
                let mut sums = [[7; PANELS * PANEL]; ROWS];
                tile(path, &codes, words, &weights, &mut sums);
                for (row, sums) in sums.iter().enumerate().take(rows) {
                    for (n, &sum) in sums.iter().enumerate().take(panels * PANEL) {
                        assert_eq!(sum, expected(row, n), "{path:?} {rows}x{panels}x{words}: {row}, {n}");
                    }
                }
            }
        }
    }
}
