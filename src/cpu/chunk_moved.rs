//! Twin of `chunk_moved.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_moved::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let marked = call.read::<u32>(0)[p.len as usize];
    let (free_count, moved) = (call.write::<u32>(1), call.write::<u32>(2));
    if p.coming == 1 {
        moved[0] = marked.min(free_count[0].saturating_sub(p.spare));
        free_count[0] -= moved[0];
    } else {
        moved[0] = marked;
        free_count[0] += marked;
    }
}
