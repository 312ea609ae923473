//! Sums of gradient terms, in the order that the shaders keep: pieces from the row's first term on, then the pieces.

use super::simd::prefetch;
use crate::kernels::part::{PIECE, Term};

/// Adds `factor * gradient` of each term to columns of a sum that starts at zero: one piece.
#[inline(always)]
fn piece_sum<const N: usize>(terms: &[Term], grad: &[f32], column: usize) -> [f32; N] {
    let mut sum = [0.0f32; N];
    for &[at, factor] in terms {
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
fn block_sum<const N: usize>(terms: &[Term], grad: &[f32], column: usize, out: &mut [f32; N]) {
    let (first, rest) = terms.split_at(terms.len().min(PIECE as usize));
    *out = piece_sum::<N>(first, grad, column);
    for piece in rest.chunks(PIECE as usize) {
        let sum = piece_sum::<N>(piece, grad, column);
        for (out, sum) in out.iter_mut().zip(sum) {
            *out += sum;
        }
    }
}

/// The gradient of a row from all its terms, into `out` (as long as the row).
#[inline(always)]
pub(super) fn row_grad(terms: &[Term], grad: &[f32], out: &mut [f32]) {
    let mut column = 0;
    let (blocks, tail) = out.as_chunks_mut::<64>();
    for block in blocks {
        block_sum(terms, grad, column, block);
        column += 64;
    }
    let (blocks, tail) = tail.as_chunks_mut::<16>();
    for block in blocks {
        block_sum(terms, grad, column, block);
        column += 16;
    }
    let (blocks, tail) = tail.as_chunks_mut::<4>();
    for block in blocks {
        block_sum(terms, grad, column, block);
        column += 4;
    }
    for value in tail {
        block_sum(terms, grad, column, std::array::from_mut(value));
        column += 1;
    }
}

/// Asks for the gradient row of a term that will be read soon.
#[inline(always)]
pub(super) fn prefetch_term(term: Term, grad: &[f32], dim: usize) {
    let at = term[0] as usize;
    if let Some(row) = grad.get(at..at + dim) {
        prefetch(row);
    }
}
