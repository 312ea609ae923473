//! Twin of `chunk_move.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_move::Params;
use crate::kernels::chunk_room::is_coming;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let places = &call.read::<u32>(0)[p.first as usize..][..=p.len as usize];
    let row_ids = call.read::<u32>(1);
    let &[stay, moving, top, before] = call.read::<u32>(2).first_chunk().unwrap_or(&[0; 4]);
    let (free, slots, fresh) = (call.write::<u32>(3), call.write::<u32>(4), call.write::<[u32; 4]>(5));
    let slots = &mut slots[..p.len as usize];
    for ((own, pair), i) in slots.iter_mut().zip(places.windows(2)).zip(0..) {
        // beyond the moving ones if it is one that stays
        let number = pair[0].wrapping_sub(stay);
        if pair[1] == pair[0] || number >= moving {
            continue;
        }
        if is_coming(p.stage) {
            *own = free[(top - 1 - number) as usize];
            fresh[(before + number) as usize] =
                [*own, row_ids[(i / p.chunks) as usize], i % p.chunks, p.table];
        } else {
            free[(top + number) as usize] = std::mem::replace(own, NONE);
        }
    }
}
