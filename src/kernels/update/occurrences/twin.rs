//! Twin of `occurrences.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::cpu::split::split_at_all;
use crate::kernels::feature::{Feature, NONE, POOL_MEAN, POOL_NONE};
use crate::kernels::occurrences::View;
use crate::numbers::narrow;

/// Bags that one task takes.
const BAGS: usize = 512;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let status = call.status;
    let (features, offsets, ids) = (call.features, call.offsets, call.ids);
    let weights = call.weights;
    let keys = &mut call.keys[..p.ids as usize];
    if status.refused() {
        keys.fill(p.none_key + 1);
        return;
    }
    let bags = p.bags as usize;
    let in_bags = if p.room == 1 { offsets[bags] as usize } else { p.ids as usize };
    let (keys, room) = keys.split_at_mut(in_bags);
    let terms = &mut call.terms[..in_bags];
    room.fill(p.none_key);
    if in_bags == 0 {
        return;
    }
    // the feature of a bag of these, and the bag's number in the batch
    let locate = |bag: usize| {
        let feature = &features[bag / p.batch as usize];
        (feature, (feature.index * p.batch) as usize + bag % p.batch as usize)
    };
    let place_of_end = |bag: usize| {
        let (feature, bag) = locate(bag - 1);
        (offsets[bag + 1] - feature.shift) as usize
    };
    let ends = || (BAGS..bags).step_by(BAGS).chain([bags]).map(place_of_end);
    let tasks = split_at_all(keys, ends()).into_iter().zip(split_at_all(terms, ends()));
    parallel::each(tasks.enumerate(), &|(task, (keys, terms))| {
        vectorised(
            #[inline(always)]
            || {
                let (mut keys, mut terms) = (keys, terms);
                for bag in task * BAGS..bags.min((task + 1) * BAGS) {
                    let (feature, index) = locate(bag);
                    let (begin, end) = (offsets[index] as usize, offsets[index + 1] as usize);
                    let (bag_keys, rest) = keys.split_at_mut(end - begin);
                    let (bag_terms, rest_terms) = terms.split_at_mut(end - begin);
                    (keys, terms) = (rest, rest_terms);
                    let bag_ids = &ids[begin..end];
                    fill_keys(feature, p.none_key, bag_ids, bag_keys);
                    // below the batch, or the number of ids: both are `u32`
                    let row = match feature.pooling {
                        POOL_NONE => offsets[index] - offsets[(feature.index * p.batch) as usize],
                        _ => narrow(bag % p.batch as usize),
                    };
                    let weights = if p.weighted == 1 { Some(&weights[begin..end]) } else { None };
                    fill_terms(feature, p.pruned == 1, row, bag_ids, weights, bag_terms);
                }
            },
        );
    });
}

#[inline(always)]
fn fill_keys(feature: &Feature, none_key: u32, ids: &[u32], keys: &mut [u32]) {
    for (key, &id) in keys.iter_mut().zip(ids) {
        *key = if feature.absent(id) { none_key } else { feature.key_base.wrapping_add(id) };
    }
}

/// The terms of a bag whose gradient begins at a row of the feature's.
#[inline(always)]
fn fill_terms(
    feature: &Feature,
    pruned: bool,
    row: u32,
    ids: &[u32],
    weights: Option<&[f32]>,
    terms: &mut [[u32; 2]],
) {
    let counts = |id: u32| !feature.absent(id) || pruned && id == NONE;
    let count = match feature.pooling {
        POOL_MEAN => ids.iter().map(|&id| u32::from(counts(id))).sum(),
        _ => 1u32,
    };
    let divisor = count.max(1) as f32;
    let gradient = feature.out_base + row * feature.out_stride;
    let step = if feature.pooling == POOL_NONE { feature.out_stride } else { 0 };
    match weights {
        None if step == 0 => terms.fill([gradient, (1.0 / divisor).to_bits()]),
        None => {
            for (term, k) in terms.iter_mut().zip(0u32..) {
                *term = [gradient + k * step, 1.0f32.to_bits()];
            }
        }
        Some(weights) => {
            for ((term, weight), k) in terms.iter_mut().zip(weights).zip(0u32..) {
                *term = [gradient + k * step, (weight / divisor).to_bits()];
            }
        }
    }
}
