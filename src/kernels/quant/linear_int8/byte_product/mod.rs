//! Sums of products of unsigned and signed bytes, exact in `i32`, by the best instructions there are.
//!
//! Four bytes that follow each other in `k` are a word. Codes lie in rows of words, weights in panels of
//! [`PANEL`] outputs: by words of `k`, then by outputs. No step saturates.
//!
//! ```text
//! for each block of a few rows and all panels:                         (1)
//!     for each word of k:
//!         sums[row][output] += four products of bytes, for all of them (2)
//!     finish(row, sums[row])                                           (3)
//! ```
//!
//! 1. The sums of the block stay in registers, so that every load of codes or weights serves several
//!    products. How many rows there are is a constant of the loop, or the compiler would keep the sums in
//!    memory.
//! 2. `vpdpbusd` where there is VNNI. AVX2 has no such instruction: `vpmaddubsw` adds two products in 16
//!    bits and saturates, which codes of 7 bits cannot reach; codes of 8 bits take Winograd's inner product
//!    on 16-bit values (`avx2.rs` has the formula).
//! 3. Scales, biases and activations are the caller's, while the sums are still in the first cache.

/// A function of a number of rows that is known to the compiler.
#[cfg(target_arch = "x86_64")]
macro_rules! by_rows {
    ($rows:expr, $function:ident [$($panels:expr)?], $arguments:tt) => {
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

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_seven_bits;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
mod portable;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use crate::cpu::simd::avx512_allowed;
pub(crate) use crate::kernels::linear_int8::PANEL;

/// Panels that are worked on together.
const PANELS: usize = 4;
/// Their outputs.
pub(crate) const OUTPUTS: usize = PANELS * PANEL;

/// Rows that are best given together: what is prepared of the weights serves all of them.
pub(crate) const ROWS: usize = 96;

/// Gives `finish` the number of each row and its sums, of up to [`OUTPUTS`] outputs, over `words` words.
pub(crate) fn products(
    path: Path,
    codes: &[u32],
    words: usize,
    weights: &[u32],
    finish: impl FnMut(usize, &[i32; OUTPUTS]),
) {
    let (rows, panels) = (codes.len() / words, weights.len() / (words * PANEL));
    assert!(panels <= PANELS && codes.len() == rows * words && weights.len() == panels * words * PANEL);
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512Vnni => avx512_vnni::products(codes, words, weights, finish),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 if avx2_seven_bits::are(codes) => avx2_seven_bits::products(codes, words, weights, finish),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => avx2::products(codes, words, weights, finish),
        Path::Portable => portable::products(codes, words, weights, finish),
    }
}

/// How the sums are made. All give the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Path {
    /// Those that this processor has, the best first.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let special = [
            (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni"), Self::Avx512Vnni),
            (is_x86_feature_detected!("avx2"), Self::Avx2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let special: [(bool, Self); 0] = [];
        special.into_iter().filter_map(|(there, path)| there.then_some(path)).chain([Self::Portable])
    }

    /// The best of those that `EMBAG_DISABLE` leaves.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Path> = OnceLock::new();
        let allowed = |path: &Self| match path {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => avx512_allowed(),
            _ => true,
        };
        *BEST.get_or_init(|| Self::available().find(allowed).unwrap_or(Self::Portable))
    }
}
