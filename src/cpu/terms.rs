//! Sums of gradient terms, in the order that the shaders keep: pieces from the row's first term on, then the pieces.

use std::ops::Range;

use super::simd::prefetch_at;
use crate::kernels::part::{PIECE, Term};

/// How many terms ahead gradients are asked for.
const AHEAD: usize = 8;

/// Adds `factor * gradient` of each term of a range to columns of a sum that starts at zero: one piece.
#[inline(always)]
fn piece_sum<const N: usize>(terms: &[Term], range: Range<usize>, grad: &[f32], column: usize) -> [f32; N] {
    let mut sum = [0.0f32; N];
    let last = terms.len() - 1;
    for t in range {
        let ahead = terms[(t + AHEAD).min(last)][0] as usize + column;
        prefetch_at::<N>(grad, ahead);
        let [at, factor] = terms[t];
        let at = at as usize + column;
        let factor = f32::from_bits(factor);
        for (sum, value) in sum.iter_mut().zip(&grad[at..at + N]) {
            *sum += value * factor;
        }
    }
    sum
}

/// The pieces in order. A piece begins at +0, so that it is never -0, and 0 + piece is the piece.
#[inline(always)]
fn block_sum<const N: usize>(
    terms: &[Term],
    range: Range<usize>,
    grad: &[f32],
    column: usize,
    out: &mut [f32; N],
) {
    let Range { start, end } = range;
    let mut at = end.min(start + PIECE as usize);
    *out = piece_sum::<N>(terms, start..at, grad, column);
    while at < end {
        let next = end.min(at + PIECE as usize);
        let sum = piece_sum::<N>(terms, at..next, grad, column);
        for (out, sum) in out.iter_mut().zip(sum) {
            *out += sum;
        }
        at = next;
    }
}

/// The gradient of a row from the range of its terms, into `out` (as long as the row).
#[inline(always)]
pub(super) fn row_grad(terms: &[Term], range: Range<usize>, grad: &[f32], out: &mut [f32]) {
    let mut column = 0;
    let (blocks, tail) = out.as_chunks_mut::<64>();
    for block in blocks {
        block_sum(terms, range.clone(), grad, column, block);
        column += 64;
    }
    let (blocks, tail) = tail.as_chunks_mut::<16>();
    for block in blocks {
        block_sum(terms, range.clone(), grad, column, block);
        column += 16;
    }
    let (blocks, tail) = tail.as_chunks_mut::<4>();
    for block in blocks {
        block_sum(terms, range.clone(), grad, column, block);
        column += 4;
    }
    for value in tail {
        block_sum(terms, range.clone(), grad, column, std::array::from_mut(value));
        column += 1;
    }
}
