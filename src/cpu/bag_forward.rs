//! Twin of `bag_forward.wgsl`.

use std::ops::Range;

use rayon::prelude::*;

use super::simd::{prefetch, vectorised};
use crate::kernel::Call;
use crate::kernels::bag_forward::Params;
use crate::kernels::feature::{Feature, POOL_MEAN, POOL_NONE, Status};

struct Inputs<'a> {
    params: Params,
    offsets: &'a [u32],
    ids: &'a [u32],
    weights: &'a [f32],
    rows: &'a [f32],
}

pub(crate) fn run(mut call: Call<'_>) {
    let params: Params = call.params();
    if call.read::<Status>(0)[0].refused() {
        return;
    }
    let features = call.read::<Feature>(1);
    let inputs = Inputs {
        params,
        offsets: call.read(2),
        ids: call.read(3),
        weights: call.read(4),
        rows: call.read(5),
    };
    let out = call.write::<f32>(6);
    for feature in &features[..params.features as usize] {
        let out = &mut out[feature.out_base as usize..];
        if feature.pooling == POOL_NONE {
            copy_rows(&inputs, feature, out);
        } else {
            pool_rows(&inputs, feature, out);
        }
    }
}

/// Bags that one task takes at a time.
const BAGS: usize = 64;

fn pool_rows(inputs: &Inputs<'_>, feature: &Feature, out: &mut [f32]) {
    let p = &inputs.params;
    let bags = p.row_end.min(p.batch) - p.row_begin;
    let first = (feature.index * p.batch + p.row_begin) as usize;
    let (dim, stride) = (feature.dim as usize, feature.out_stride as usize);
    let len = (bags as usize).saturating_sub(1) * stride + dim;
    let out = &mut out[..len.min(if bags == 0 { 0 } else { len })];
    out.par_chunks_mut(stride * BAGS).enumerate().for_each(|(task, out)| {
        vectorised(
            #[inline(always)]
            || {
                for (bag, row) in (first + task * BAGS..).zip(out.chunks_mut(stride)) {
                    let bag = inputs.offsets[bag] as usize..inputs.offsets[bag + 1] as usize;
                    pool_bag(inputs, feature, bag, &mut row[..dim]);
                }
            },
        );
    });
}

/// Columns are taken in blocks that fit registers; the sum over the bag is in the order of the ids.
#[inline(always)]
fn pool_bag(inputs: &Inputs<'_>, feature: &Feature, bag: Range<usize>, out: &mut [f32]) {
    let mut column = 0;
    let (blocks, tail) = out.as_chunks_mut::<64>();
    for block in blocks {
        pool_block(inputs, feature, bag.clone(), column, block);
        column += 64;
    }
    let (blocks, tail) = tail.as_chunks_mut::<16>();
    for block in blocks {
        pool_block(inputs, feature, bag.clone(), column, block);
        column += 16;
    }
    let (blocks, tail) = tail.as_chunks_mut::<4>();
    for block in blocks {
        pool_block(inputs, feature, bag.clone(), column, block);
        column += 4;
    }
    for value in tail {
        pool_block(inputs, feature, bag.clone(), column, std::array::from_mut(value));
        column += 1;
    }
}

/// How many ids ahead rows are asked for, across the ends of bags.
const AHEAD: usize = 12;

#[inline(always)]
fn pool_block<const N: usize>(
    inputs: &Inputs<'_>,
    feature: &Feature,
    bag: Range<usize>,
    column: usize,
    out: &mut [f32; N],
) {
    let dim = feature.dim as usize;
    let base = feature.window_base as usize + column;
    let mut sum = [0.0f32; N];
    let mut count = 0u32;
    for p in bag {
        let id = inputs.ids[p];
        if let Some(&next) = inputs.ids.get(p + AHEAD) {
            let row = next.wrapping_sub(feature.window_first);
            if row < feature.window_rows {
                let at = base + row as usize * dim;
                prefetch(inputs.rows.get(at..at + N));
            }
        }
        if feature.absent(id) {
            continue;
        }
        count += 1;
        let row = id.wrapping_sub(feature.window_first);
        if row >= feature.window_rows {
            continue;
        }
        let at = base + row as usize * dim;
        let values = &inputs.rows[at..at + N];
        if inputs.params.weighted == 1 {
            let weight = inputs.weights[p];
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value * weight;
            }
        } else {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value;
            }
        }
    }
    if feature.pooling == POOL_MEAN && count > 1 {
        for sum in &mut sum {
            *sum /= count as f32;
        }
    }
    for (out, sum) in out.iter_mut().zip(sum) {
        *out = if feature.initial == 1 { sum } else { *out + sum };
    }
}

/// Without pooling: one output row for each position.
fn copy_rows(inputs: &Inputs<'_>, feature: &Feature, out: &mut [f32]) {
    let p = &inputs.params;
    let begin = inputs.offsets[(feature.index * p.batch) as usize];
    let end = inputs.offsets[((feature.index + 1) * p.batch) as usize];
    let first = (begin + p.row_begin).min(end);
    let count = (end - first).min(p.row_end - p.row_begin) as usize;
    let first = first as usize;
    let (dim, stride) = (feature.dim as usize, feature.out_stride as usize);
    let ids = &inputs.ids[first..first + count];
    let len = if count == 0 { 0 } else { (count - 1) * stride + dim };
    out[..len].par_chunks_mut(stride * BAGS).enumerate().for_each(|(task, out)| {
        vectorised(
            #[inline(always)]
            || {
                for (k, out) in (task * BAGS..).zip(out.chunks_mut(stride)) {
                    let weight = if p.weighted == 1 { Some(inputs.weights[first + k]) } else { None };
                    copy_row(inputs.rows, feature, ids[k], weight, &mut out[..dim]);
                }
            },
        );
    });
}

#[inline(always)]
fn copy_row(rows: &[f32], feature: &Feature, id: u32, weight: Option<f32>, out: &mut [f32]) {
    let row = id.wrapping_sub(feature.window_first);
    if feature.absent(id) || row >= feature.window_rows {
        if feature.initial == 1 {
            out.fill(0.0);
        }
        return;
    }
    let at = feature.window_base as usize + row as usize * feature.dim as usize;
    let values = &rows[at..at + out.len()];
    match weight {
        None => out.copy_from_slice(values),
        Some(weight) => {
            for (out, value) in out.iter_mut().zip(values) {
                *out = value * weight;
            }
        }
    }
}
