//! Twin of `interaction.wgsl`.

use rayon::prelude::*;

use super::simd::vectorised;
use crate::kernel::Call;
use crate::kernels::interaction::{Params, pairs};

/// Examples that one task takes.
const EXAMPLES: usize = 8;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (rows, dim) = (p.rows as usize, p.dim as usize);
    let columns = (pairs(p.features, p.diagonal) + p.dim * p.dense_part) as usize;
    let (x_stride, stride) = (p.x_stride as usize, p.out_stride as usize);
    let width = p.features as usize * dim;
    let x = &call.read::<f32>(0)[p.x_base as usize..][..(rows - 1) * x_stride + width];
    let out = &mut call.write::<f32>(1)[p.out_base as usize..][..(rows - 1) * stride + columns];
    let (diagonal, dense_part) = (p.diagonal as usize, p.dense_part == 1);
    out.par_chunks_mut(stride * EXAMPLES).zip(x.par_chunks(x_stride * EXAMPLES)).for_each(|(out, x)| {
        vectorised(
            #[inline(always)]
            || {
                for (out, x) in out.chunks_mut(stride).zip(x.chunks(x_stride)) {
                    example(&mut out[..columns], &x[..width], dim, diagonal, dense_part);
                }
            },
        );
    });
}

#[inline(always)]
fn example(mut out: &mut [f32], x: &[f32], dim: usize, diagonal: usize, dense_part: bool) {
    if dense_part {
        let (dense, rest) = out.split_at_mut(dim);
        dense.copy_from_slice(&x[..dim]);
        out = rest;
    }
    for (i, a) in x.chunks_exact(dim).enumerate() {
        let (row, rest) = out.split_at_mut(i + diagonal);
        out = rest;
        // four at a time: each is a chain of additions that waits for itself
        let (fours, tail) = row.as_chunks_mut::<4>();
        let mut others = x.chunks_exact(dim);
        for four in fours {
            if let (Some(b), Some(c), Some(d), Some(e)) =
                (others.next(), others.next(), others.next(), others.next())
            {
                *four = dots(a, [b, c, d, e]);
            }
        }
        for (out, b) in tail.iter_mut().zip(others) {
            [*out] = dots(a, [b]);
        }
    }
}

/// Columns go to four accumulators by column modulo 4.
#[inline(always)]
fn dots<const N: usize>(a: &[f32], others: [&[f32]; N]) -> [f32; N] {
    let mut sums = [[0.0f32; 4]; N];
    let (quads, tail) = a.as_chunks::<4>();
    let others = others.map(|b| b[..a.len()].as_chunks::<4>());
    for (q, a) in quads.iter().enumerate() {
        for (sums, (b, _)) in sums.iter_mut().zip(&others) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(&b[q]) {
                *sum += a * b;
            }
        }
    }
    for (sums, (_, b)) in sums.iter_mut().zip(&others) {
        for ((sum, a), b) in sums.iter_mut().zip(tail).zip(*b) {
            *sum += a * b;
        }
    }
    sums.map(|[x, y, z, w]| (x + y) + (z + w))
}
