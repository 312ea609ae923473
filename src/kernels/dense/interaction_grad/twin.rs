//! Twin of `interaction_grad.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::interaction::pairs;
use crate::kernels::interaction_grad::View;

/// Examples that one task takes.
const EXAMPLES: usize = 8;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, dim) = (p.rows as usize, p.dim as usize);
    let width = p.features as usize * dim;
    let columns = (pairs(p.features, p.diagonal) + p.dim * p.dense_part) as usize;
    let (x_stride, grad_stride, stride) =
        (p.input_stride as usize, p.grad_stride as usize, p.out_stride as usize);
    let x = &call.input[p.input_base as usize..][..(rows - 1) * x_stride + width];
    let grad = &call.grad[p.grad_base as usize..][..(rows - 1) * grad_stride + columns];
    let out = &mut call.out[p.out_base as usize..][..(rows - 1) * stride + width];
    let (diagonal, dense_part) = (p.diagonal as usize, p.dense_part == 1);
    parallel::each(
        out.chunks_mut(stride * EXAMPLES)
            .zip(x.chunks(x_stride * EXAMPLES))
            .zip(grad.chunks(grad_stride * EXAMPLES)),
        &|((out, x), grad)| {
            vectorised(
                #[inline(always)]
                || {
                    let examples =
                        out.chunks_mut(stride).zip(x.chunks(x_stride)).zip(grad.chunks(grad_stride));
                    for ((out, x), grad) in examples {
                        let (copied, grad) = grad[..columns].split_at(if dense_part { dim } else { 0 });
                        if p.accumulate == 0 {
                            out[..width].fill(0.0);
                        }
                        example(&mut out[..width], &x[..width], copied, grad, dim, diagonal);
                    }
                },
            );
        },
    );
}

/// Adds to what the output holds.
#[inline(always)]
fn example(out: &mut [f32], x: &[f32], copied: &[f32], grad: &[f32], dim: usize, diagonal: usize) {
    // where the pairs of a feature begin: i (i - 1) / 2, or i (i + 1) / 2 with the diagonal
    let pair = |i: usize, j: usize| grad[i * (i + 2 * diagonal).saturating_sub(1) / 2 + j];
    for (i, out) in out.chunks_exact_mut(dim).enumerate() {
        let weight = |j: usize| match i.cmp(&j) {
            std::cmp::Ordering::Equal if diagonal == 0 => 0.0,
            std::cmp::Ordering::Equal => 2.0 * pair(i, i),
            _ => pair(i.max(j), i.min(j)),
        };
        let copied = if i == 0 { copied } else { &[] };
        let mut column = 0;
        let (blocks, tail) = out.as_chunks_mut::<64>();
        for block in blocks {
            sum_block(block, x, copied, dim, column, weight);
            column += 64;
        }
        let (blocks, tail) = tail.as_chunks_mut::<8>();
        for block in blocks {
            sum_block(block, x, copied, dim, column, weight);
            column += 8;
        }
        for value in tail {
            sum_block(std::array::from_mut(value), x, copied, dim, column, weight);
            column += 1;
        }
    }
}

/// A block of columns that fits registers.
#[inline(always)]
fn sum_block<const N: usize>(
    out: &mut [f32; N],
    x: &[f32],
    copied: &[f32],
    dim: usize,
    column: usize,
    weight: impl Fn(usize) -> f32,
) {
    let mut sums = *out;
    if let Some(copied) = copied.get(column..column + N) {
        sums.iter_mut().zip(copied).for_each(|(sum, copied)| *sum += copied);
    }
    for (j, x) in x.chunks_exact(dim).enumerate() {
        let weight = weight(j);
        for (sum, x) in sums.iter_mut().zip(&x[column..column + N]) {
            *sum += weight * x;
        }
    }
    *out = sums;
}
