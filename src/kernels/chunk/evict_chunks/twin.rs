//! Twin of `evict_chunks.wgsl`.

use crate::kernel::Call;
use crate::kernels::evict_chunks::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let chunks = p.chunks as usize;
    let (credit, rows, places) = (call.read::<u32>(0), call.read::<u32>(1), call.read::<u32>(2));
    let top = call.read::<u32>(3)[0];
    let (free, slots, utility) = (call.write::<u32>(4), call.write::<u32>(5), call.write::<f32>(6));
    let leaving = credit[..p.len as usize].iter().zip(rows).take_while(|(credit, _)| **credit != NONE);
    for (i, (_, &row)) in leaving.enumerate() {
        let first = row as usize * chunks;
        for (slot, pair) in slots[first..][..chunks].iter_mut().zip(places[i * chunks..].windows(2)) {
            if pair[0] != pair[1] {
                free[(top + pair[0]) as usize] = *slot;
            }
            *slot = NONE;
        }
        utility[first..][..chunks].fill(0.0);
    }
}
