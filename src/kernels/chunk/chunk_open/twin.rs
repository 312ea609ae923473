//! Twin of `chunk_open.wgsl`.

use crate::kernels::chunk_open::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (new_rows, admitted) = (call.new_rows, call.admitted[0]);
    let free = &call.free[..call.free_count[0] as usize];
    let (slots, touch, fresh) = (call.slots, call.touch, call.fresh);
    let mut from_top = free.iter().rev();
    let mut fresh = fresh.iter_mut();
    for &[row, id] in &new_rows[..admitted.min(p.len) as usize] {
        let words = &mut touch[(row * p.words) as usize..][..p.words as usize];
        words[0] = p.step;
        words[1..].fill(p.credit);
        let own = &mut slots[(row * p.chunks) as usize..][..p.chunks as usize];
        for (own, chunk) in own.iter_mut().zip(0..) {
            let Some((&slot, fresh)) = from_top.next().zip(fresh.next()) else { break };
            *own = slot;
            *fresh = [slot, id, chunk, p.table];
        }
    }
}
