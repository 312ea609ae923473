//! Twin of `chunk_opened.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_opened::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let known = call.read::<u32>(0)[0];
    let (counts, fresh_count) = (call.write::<u32>(1), call.write::<u32>(2));
    let opened = &mut counts[1 + p.table as usize];
    let new = (known - *opened) * p.chunks;
    *opened = known;
    fresh_count[0] = new.min(counts[0]);
    counts[0] -= fresh_count[0];
}
