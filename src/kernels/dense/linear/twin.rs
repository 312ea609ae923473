//! Twin of `linear.wgsl`.

use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::matmul::{self, multiply};
use crate::cpu::parallel;
use crate::cpu::sigmoid::sigmoid;
use crate::cpu::simd::{Cache, prefetch, vectorised};
use crate::kernels::linear::weights::decode;
use crate::kernels::linear::{ACTIVATION_RELU, ACTIVATION_SIGMOID, Layout, Params, View, layout_of};

/// Weights that are decoded at once, before they are multiplied: as `f32` they stay in the third-level cache.
const DECODED: usize = 1 << 20;
/// Outputs and inputs that are decoded into the first-level cache before they are transposed.
const STRIP: usize = 16;
const BLOCK: usize = 64;
/// From this number of rows of `a` on it pays to transpose weights of `f32`, too, rather than to leave it to
/// the product.
const TRANSPOSED: u32 = 64;
/// Rows of the epilogue that one task takes.
const ROWS: usize = 32;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let layout = layout_of(call.variant);
    let a = &call.a[p.a_base as usize..];
    let b = &call.b[p.b_base as usize..];
    let bias = if p.biased == 1 { &call.bias[p.bias_base as usize..][..p.n as usize] } else { &[] };
    let out = &mut call.out[p.out_base as usize..];
    for slice in 0..p.slices {
        let begin = (slice * p.k_slice).min(p.k);
        let end = (begin + p.k_slice).min(p.k);
        let view = |data, stride: u32, along: bool| {
            let stride = stride as usize;
            let (outer, inner) = if along { (stride, 1) } else { (1, stride) };
            (data, begin as usize * inner, outer, inner)
        };
        let (data, skip, row_stride, column_stride) = view(a, p.a_stride, layout.a_along());
        let a = matmul::View { data: data.get(skip..).unwrap_or(&[]), row_stride, column_stride };
        let out = &mut out[slice as usize * p.slice_stride as usize..];
        if layout.bits().is_some() || layout == Layout::Nt && p.m >= TRANSPOSED {
            decoded_product(layout, &p, begin as usize..end as usize, a, b, bias, out);
            continue;
        }
        let (data, skip, column_stride, row_stride) =
            view(bytemuck::cast_slice(b), p.b_stride, layout.b_along());
        let b = matmul::View { data: data.get(skip..).unwrap_or(&[]), row_stride, column_stride };
        product(&p, (end - begin) as usize, a, b, bias, out);
    }
}

/// The product with rows of weights, which are decoded some at a time, and transposed: by rows of outputs the
/// product takes them as they are.
fn decoded_product(
    layout: Layout,
    p: &Params,
    inputs: Range<usize>,
    a: matmul::View<'_>,
    b: &[u32],
    bias: &[f32],
    out: &mut [f32],
) {
    let (k, stride) = (inputs.len(), p.b_stride as usize);
    let outputs = (DECODED / k.max(1)).next_multiple_of(STRIP).min(p.n as usize);
    let mut values = vec![0.0; outputs * k];
    // the last row may end early
    let b = b.get(..p.n as usize * stride).unwrap_or(b);
    for (first, rows) in (0..).step_by(outputs).zip(b.chunks(outputs * stride)) {
        let n = rows.len().div_ceil(stride);
        let values = &mut values[..n * k];
        let strips = Columns::split(values, n, (0..n).step_by(STRIP).map(|at| at..(at + STRIP).min(n)));
        let strips = strips.into_iter().zip(rows.chunks(STRIP * stride));
        parallel::each(strips, &|(mut strip, rows)| {
            decode_strip(layout, p, rows, inputs.clone(), &mut strip);
        });
        let b = matmul::View { data: values, row_stride: n, column_stride: 1 };
        let bias = bias.get(first..first + n).unwrap_or(&[]);
        let p = Params { n: u32::try_from(n).unwrap_or(p.n), ..*p };
        product(&p, k, a, b, bias, &mut out[first..]);
    }
}

/// Decodes the rows of a few outputs into columns.
fn decode_strip(
    layout: Layout,
    p: &Params,
    rows: &[u32],
    inputs: Range<usize>,
    strip: &mut Columns<'_, f32>,
) {
    let words = |inputs: usize| inputs * layout.bits().unwrap_or(32) as usize / 32;
    let mut block = [[0.0; BLOCK]; STRIP];
    for first in inputs.clone().step_by(BLOCK) {
        let last = (first + BLOCK).min(inputs.end);
        vectorised(
            #[inline(always)]
            || {
                for (row, values) in rows.chunks(p.b_stride as usize).zip(&mut block) {
                    // a few lines of each row are too few for the processor to see what comes next
                    prefetch(row, words(last), words(BLOCK), Cache::First);
                    decode(layout, p, row, first..last, &mut values[..last - first]);
                }
            },
        );
        // not vectorised, for which the compiler would gather columns with instructions that are slower than
        // moves
        for k in first..last {
            for (to, values) in strip.row(k - inputs.start).iter_mut().zip(&block) {
                *to = values[k - first];
            }
        }
    }
}

fn product(p: &Params, k: usize, a: matmul::View<'_>, b: matmul::View<'_>, bias: &[f32], out: &mut [f32]) {
    let (m, n, stride) = (p.m as usize, p.n as usize, p.out_stride as usize);
    if m == 0 || n == 0 {
        return;
    }
    let out = &mut out[..(m - 1) * stride + n];
    let plain = bias.is_empty() && p.activation == 0;
    if p.accumulate != 1 || plain {
        multiply((m, n, k), a, b, out, stride, p.accumulate > 0);
        if !plain {
            parallel::pieces(out, stride * ROWS, &|_, rows| {
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
    parallel::each(out.chunks_mut(stride * ROWS).zip(sums.chunks_mut(n * ROWS)), &|(rows, sums)| {
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

/// Bias and activation of a row of sums.
#[inline(always)]
pub(crate) fn finish(activation: u32, bias: &[f32], row: &mut [f32]) {
    for (value, bias) in row.iter_mut().zip(bias) {
        *value += bias;
    }
    match activation {
        ACTIVATION_RELU => row.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value }),
        ACTIVATION_SIGMOID => row.iter_mut().for_each(|value| *value = sigmoid(*value)),
        _ => {}
    }
}
