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
    let bags = p.bags as usize;
    let ends = || (BAGS..bags).step_by(BAGS).chain([bags]).map(|bag| offsets[bag] as usize);
    let tasks: Vec<_> = split_at_all(keys, ends()).into_iter().zip(split_at_all(terms, ends())).collect();
    tasks.into_par_iter().enumerate().for_each(|(task, (keys, terms))| {
        let mut places = keys.iter_mut().zip(terms);
        for bag in task * BAGS..bags.min((task + 1) * BAGS) {
            let feature = &features[bag / p.batch as usize];
            // below the batch, which is a `u32`
            let example = u32::try_from(bag % p.batch as usize).unwrap_or(0);
            let first = offsets[(feature.index * p.batch) as usize];
            let (begin, end) = (offsets[bag], offsets[bag + 1]);
            let bag_ids = &ids[begin as usize..end as usize];
            let count = if feature.pooling == POOL_MEAN {
                bag_ids.iter().filter(|&&id| !feature.absent(id)).count()
            } else {
                0
            };
            for ((position, &id), (key, term)) in (begin..).zip(bag_ids).zip(places.by_ref()) {
                if feature.absent(id) {
                    *key = p.none_key;
                    continue;
                }
                let mut factor = if p.weighted == 1 { weights[position as usize] } else { 1.0 };
                if count > 1 {
                    factor /= count as f32;
                }
                let row = if feature.pooling == POOL_NONE { position - first } else { example };
                *key = feature.key_base + id;
                *term = [feature.out_base + row * feature.out_stride, factor.to_bits()];
            }
        }
    });
}
