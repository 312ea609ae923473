//! Twin of `chunk_moved.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_moved::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let marked = call.read::<u32>(0)[p.len as usize];
    let (counts, moved) = (call.write::<u32>(1), call.write::<u32>(2));
    if p.coming == 1 {
        moved[0] = marked.min(counts[0].saturating_sub(p.spare));
        counts[0] -= moved[0];
    } else {
        moved[0] = marked;
        counts[0] += marked;
    }
}
