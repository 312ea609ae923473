//! Twin of `occurrences.wgsl`.

use rayon::prelude::*;

use super::split::split_at_all;
use crate::kernel::Call;
use crate::kernels::feature::{Feature, POOL_MEAN, POOL_NONE, Status};
use crate::kernels::occurrences::Params;

/// Bags that one task takes.
const BAGS: usize = 512;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let status = call.read::<Status>(0)[0];
    let (features, offsets, ids) = (call.read::<Feature>(1), call.read::<u32>(2), call.read::<u32>(3));
    let weights = call.read::<f32>(4);
    let keys = &mut call.write::<u32>(5)[..p.ids as usize];
    let terms = &mut call.write::<[u32; 2]>(6)[..p.ids as usize];
    if status.refused() {
        keys.fill(p.none_key + 1);
        return;
    }
    if p.ids == 0 {
        return;
    }
    let bags = p.bags as usize;
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
    let tasks: Vec<_> = split_at_all(keys, ends()).into_iter().zip(split_at_all(terms, ends())).collect();
    tasks.into_par_iter().enumerate().for_each(|(task, (keys, terms))| {
        let (mut keys, mut terms) = (keys, terms);
        for bag in task * BAGS..bags.min((task + 1) * BAGS) {
            let (feature, index) = locate(bag);
            let (begin, end) = (offsets[index] as usize, offsets[index + 1] as usize);
            let (bag_keys, rest) = keys.split_at_mut(end - begin);
            let (bag_terms, rest_terms) = terms.split_at_mut(end - begin);
            (keys, terms) = (rest, rest_terms);
            let bag_ids = &ids[begin..end];
            let count = if feature.pooling == POOL_MEAN {
                bag_ids.iter().filter(|&&id| !feature.absent(id)).count()
            } else {
                0
            };
            // below the batch, or the number of ids: both are `u32`
            let row = match feature.pooling {
                POOL_NONE => offsets[index] - offsets[(feature.index * p.batch) as usize],
                _ => u32::try_from(bag % p.batch as usize).unwrap_or(0),
            };
            let row_step = if feature.pooling == POOL_NONE { feature.out_stride } else { 0 };
            let mut gradient = feature.out_base + row * feature.out_stride;
            for (k, ((key, term), &id)) in bag_keys.iter_mut().zip(bag_terms).zip(bag_ids).enumerate() {
                if feature.absent(id) {
                    *key = p.none_key;
                } else {
                    let mut factor = if p.weighted == 1 { weights[begin + k] } else { 1.0 };
                    if count > 1 {
                        factor /= count as f32;
                    }
                    *key = feature.key_base + id;
                    *term = [gradient, factor.to_bits()];
                }
                gradient += row_step;
            }
        }
    });
}
