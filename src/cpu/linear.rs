//! Twin of `linear.wgsl`.

use rayon::prelude::*;

use super::matmul::{View, multiply};
use super::sigmoid::sigmoid;
use super::simd::vectorised;
use crate::kernel::Call;
use crate::kernels::linear::{ACTIVATION_RELU, ACTIVATION_SIGMOID, Layout, Params};

/// Rows of the epilogue that one task takes.
const ROWS: usize = 32;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let layout = [Layout::Nn, Layout::Nt, Layout::Tn][call.variant / 4];
    let a = &call.read::<f32>(0)[p.a_base as usize..];
    let b = &call.read::<f32>(1)[p.b_base as usize..];
    let bias = if p.biased == 1 { &call.read::<f32>(2)[p.bias_base as usize..][..p.n as usize] } else { &[] };
    let out = &mut call.write::<f32>(3)[p.out_base as usize..];
    for slice in 0..p.slices {
        let begin = (slice * p.k_slice).min(p.k);
        let end = (begin + p.k_slice).min(p.k);
        let view = |data, stride: u32, along: bool| {
            let stride = stride as usize;
            let (outer, inner) = if along { (stride, 1) } else { (1, stride) };
            (data, begin as usize * inner, outer, inner)
        };
        let (data, skip, row_stride, column_stride) = view(a, p.a_stride, layout.a_along());
        let a = View { data: data.get(skip..).unwrap_or(&[]), row_stride, column_stride };
        let (data, skip, column_stride, row_stride) = view(b, p.b_stride, layout.b_along());
        let b = View { data: data.get(skip..).unwrap_or(&[]), row_stride, column_stride };
        let out = &mut out[slice as usize * p.slice_stride as usize..];
        product(&p, (end - begin) as usize, a, b, bias, out);
    }
}

fn product(p: &Params, k: usize, a: View<'_>, b: View<'_>, bias: &[f32], out: &mut [f32]) {
    let (m, n, stride) = (p.m as usize, p.n as usize, p.out_stride as usize);
    if m == 0 || n == 0 {
        return;
    }
    let out = &mut out[..(m - 1) * stride + n];
    let plain = bias.is_empty() && p.activation == 0;
    if p.accumulate == 0 || plain {
        multiply((m, n, k), a, b, out, stride, p.accumulate == 1);
        if !plain {
            out.par_chunks_mut(stride * ROWS).for_each(|rows| {
                vectorised(
                    #[inline(always)]
                    || rows.chunks_mut(stride).for_each(|row| finish(p.activation, bias, &mut row[..n])),
                );
            });
        }
        return;
    }
    let mut sums = vec![0.0; m * n];
    multiply((m, n, k), a, b, &mut sums, n, false);
    out.par_chunks_mut(stride * ROWS).zip(sums.par_chunks_mut(n * ROWS)).for_each(|(rows, sums)| {
        vectorised(
            #[inline(always)]
            || {
                for (row, sums) in rows.chunks_mut(stride).zip(sums.chunks_mut(n)) {
                    finish(p.activation, bias, sums);
                    for (out, sum) in row.iter_mut().zip(sums) {
                        *out += *sum;
                    }
                }
            },
        );
    });
}

#[inline(always)]
fn finish(activation: u32, bias: &[f32], row: &mut [f32]) {
    for (value, bias) in row.iter_mut().zip(bias) {
        *value += bias;
    }
    match activation {
        ACTIVATION_RELU => row.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value }),
        ACTIVATION_SIGMOID => row.iter_mut().for_each(|value| *value = sigmoid(*value)),
        _ => {}
    }
}
