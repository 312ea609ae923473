//! Twin of `chunk_room.wgsl`.

use crate::kernels::chunk_room::{View, YIELD, is_coming};

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let len = p.len as usize;
    let (marked, comers) = (call.places[len], call.comers);
    let (free_count, progress, room) = (call.free_count, call.progress, call.room);
    let free = free_count[0];
    let (mut stay, mut moving) = (0, marked);
    if p.stage == YIELD {
        let usable = free.saturating_sub(p.spare);
        moving = marked.min(comers[len].saturating_sub(usable));
        stay = marked - moving;
        progress[2] = usable + moving;
    }
    room[3] = progress[0];
    if is_coming(p.stage) {
        moving = marked.min(progress[2]);
        progress[2] -= moving;
        progress[0] += moving;
        free_count[0] = free - moving;
    } else {
        progress[1] += moving;
        free_count[0] = free + moving;
    }
    room[..3].copy_from_slice(&[stay, moving, free]);
}
