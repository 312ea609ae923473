//! Twin of `chunk_open.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_open::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (known, row_ids, counts) = (call.read::<u32>(0)[0], call.read::<u32>(1), call.read::<u32>(2));
    let (free, slots, fresh) = (call.read::<u32>(3), call.write::<u32>(4), call.write::<[u32; 4]>(5));
    let (top, opened) = (counts[0], counts[1 + p.table as usize]);
    let new = (known - opened).min(p.len) * p.chunks;
    for i in 0..new.min(top) {
        let slot = free[(top - 1 - i) as usize];
        slots[(p.first_chunk + opened * p.chunks + i) as usize] = slot;
        let row = opened + i / p.chunks;
        fresh[i as usize] = [slot, row_ids[row as usize], i % p.chunks, p.table];
    }
}
