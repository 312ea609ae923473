//! Sums of gradient terms, in the order that the shaders keep: pieces from the row's first term on, groups of
//! pieces, then the groups.

use std::ops::Range;

use crate::cpu::simd::{Cache, prefetch};
use crate::kernels::part::{GROUP, PIECE, Term};

/// How many terms ahead gradients are asked into the second cache, if they are of more than a line or two,
/// and into the first one.
const FAR: usize = 24;
const NEAR: usize = 8;

/// The gradients of terms.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) terms: &'a [Term],
    pub(crate) grad: &'a [f32],
    /// Limit of a gradient's values; 0: none.
    pub(crate) clip_value: f32,
}

/// A value of a gradient, no larger than a limit; a NaN stays one.
#[inline(always)]
fn clipped(value: f32, limit: f32) -> f32 {
    let low = if value < -limit { -limit } else { value };
    if low > limit { limit } else { low }
}

/// Adds `factor * gradient` of each term of a range to columns of a sum that starts at zero: one piece.
#[inline(always)]
fn piece_sum<const N: usize>(from: Terms<'_>, range: Range<usize>, column: usize) -> [f32; N] {
    let Terms { terms, grad, clip_value } = from;
    let mut sum = [0.0f32; N];
    let last = terms.len() - 1;
    for t in range {
        let ask_for = |t: usize, cache| prefetch(grad, terms[t.min(last)][0] as usize + column, N, cache);
        if N >= 64 {
            ask_for(t + FAR, Cache::Second);
        }
        ask_for(t + NEAR, Cache::First);
        let [at, factor] = terms[t];
        let at = at as usize + column;
        let factor = f32::from_bits(factor);
        let values = &grad[at..at + N];
        if clip_value > 0.0 {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += clipped(*value, clip_value) * factor;
            }
        } else {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value * factor;
            }
        }
    }
    sum
}

/// The pieces of a group in order, then the groups. A piece begins at +0, so that no sum is ever -0, and 0 +
/// sum is the sum.
#[inline(always)]
fn block_sum<const N: usize>(from: Terms<'_>, range: Range<usize>, column: usize, out: &mut [f32; N]) {
    *out = [0.0; N];
    for group in range.clone().step_by(GROUP as usize) {
        let end = range.end.min(group + GROUP as usize);
        let mut sum = [0.0; N];
        for piece in (group..end).step_by(PIECE as usize) {
            add(&mut sum, piece_sum::<N>(from, piece..end.min(piece + PIECE as usize), column));
        }
        add(out, sum);
    }
}

#[inline(always)]
fn add<const N: usize>(sum: &mut [f32; N], more: [f32; N]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}

/// The gradient of a row from the range of its terms, into `out` (as long as the row).
#[inline(always)]
pub(crate) fn row_grad(from: Terms<'_>, range: Range<usize>, out: &mut [f32]) {
    let mut column = 0;
    let (blocks, tail) = out.as_chunks_mut::<64>();
    for block in blocks {
        block_sum(from, range.clone(), column, block);
        column += 64;
    }
    let (blocks, tail) = tail.as_chunks_mut::<16>();
    for block in blocks {
        block_sum(from, range.clone(), column, block);
        column += 16;
    }
    let (blocks, tail) = tail.as_chunks_mut::<4>();
    for block in blocks {
        block_sum(from, range.clone(), column, block);
        column += 4;
    }
    for value in tail {
        block_sum(from, range.clone(), column, std::array::from_mut(value));
        column += 1;
    }
}
