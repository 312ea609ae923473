//! Twin of `chunk_open.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_open::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (new_rows, admitted) = (call.read::<[u32; 2]>(0), call.read::<u32>(1)[0]);
    let free = &call.read::<u32>(3)[..call.read::<u32>(2)[0] as usize];
    let (slots, touch, fresh) = (call.write::<u32>(4), call.write::<u32>(5), call.write::<[u32; 4]>(6));
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
