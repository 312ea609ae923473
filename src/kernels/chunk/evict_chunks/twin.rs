//! Twin of `evict_chunks.wgsl`.

use crate::kernels::evict_chunks::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let chunks = p.chunks as usize;
    let (credit, rows, places) = (call.credit, call.rows, call.places);
    let top = call.free_count[0];
    let (free, slots, utility) = (call.free, call.slots, call.utility);
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
