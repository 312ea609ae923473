//! Twin of `chunk_move.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_move::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let places = &call.read::<u32>(0)[p.first as usize..][..=p.len as usize];
    let (row_ids, top) = (call.read::<u32>(1), call.read::<u32>(2)[0]);
    let (free, slots, fresh) = (call.write::<u32>(3), call.write::<u32>(4), call.write::<[u32; 4]>(5));
    let slots = &mut slots[..p.len as usize];
    for ((own, pair), i) in slots.iter_mut().zip(places.windows(2)).zip(0..) {
        let place = pair[0];
        if pair[1] == place {
            continue;
        }
        if p.coming == 0 {
            free[(top + place) as usize] = std::mem::replace(own, NONE);
        } else if place < top.saturating_sub(p.spare) {
            *own = free[(top - 1 - place) as usize];
            fresh[place as usize] = [*own, row_ids[(i / p.chunks) as usize], i % p.chunks, p.table];
        }
    }
}
