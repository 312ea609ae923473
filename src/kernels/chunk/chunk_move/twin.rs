//! Twin of `chunk_move.wgsl`.

use crate::kernels::chunk_move::View;
use crate::kernels::chunk_room::is_coming;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let places = &call.places[p.first as usize..][..=p.len as usize];
    let row_ids = call.row_ids;
    let &[stay, moving, top, before] = call.room.first_chunk().unwrap_or(&[0; 4]);
    let (free, slots, fresh) = (call.free, call.slots, call.fresh);
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
