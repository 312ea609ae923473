//! Twin of `index_write.wgsl`.

use crate::kernels::index_lengths::twin::gap;
use crate::kernels::index_write::{CODING_BITS, View};

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let indices = &call.indices[p.first as usize..][..p.len as usize];
    if p.coding == CODING_BITS {
        for place in indices {
            call.words[(place / 32) as usize] |= 1 << (place % 32);
        }
        return;
    }
    for (i, offset) in call.offsets[..indices.len()].iter().enumerate() {
        let between = gap(indices, i);
        let byte = offset + between / 255;
        call.words[(byte / 4) as usize] |= (between % 255 + 1) << (byte % 4 * 8);
    }
}
