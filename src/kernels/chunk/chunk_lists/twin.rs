//! Twin of `chunk_lists.wgsl`.

use crate::kernels::chunk_lists::{LIST_WORDS, List, View};
use crate::kernels::feature::{NONE, POOL_MEAN};

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let features = &call.features[..p.features as usize];
    let (offsets, rows, slots) = (call.offsets, call.rows, call.slots);
    let lists = call.lists;
    for feature in features {
        for (item, chunk) in (0..p.bags).flat_map(|item| (0..feature.chunks).map(move |chunk| (item, chunk)))
        {
            let bag = &offsets[(feature.first_bag + item) as usize..][..2];
            let begin =
                feature.lists_base.wrapping_add(bag[0].wrapping_mul(feature.chunks)).wrapping_add(chunk);
            let mut list = List {
                begin,
                step: feature.chunks,
                out: feature.out_base + item * p.out_stride + chunk * p.width,
                divisor: if feature.pooling == POOL_MEAN { (bag[1] - bag[0]).max(1) } else { 1 },
                ends: [0, 1, 2, 3].map(|window| begin + window * p.entries),
            };
            for &row in rows[bag[0] as usize..bag[1] as usize].iter().filter(|&&row| row != NONE) {
                let slot = slots[(feature.slots_base + row * feature.chunks + chunk) as usize];
                let slot = slot.wrapping_sub(p.first_slot);
                if slot < p.slots {
                    let end = &mut list.ends[(slot / p.window_slots) as usize];
                    lists[*end as usize] = slot % p.window_slots;
                    *end += feature.chunks;
                }
            }
            let work = feature.work_begin + item * feature.chunks + chunk;
            let words = (work * LIST_WORDS) as usize..((work + 1) * LIST_WORDS) as usize;
            lists[words].copy_from_slice(bytemuck::cast_slice(&[list]));
        }
    }
}
