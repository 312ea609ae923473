//! Twin of `chunk_opened.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_opened::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let admitted = call.read::<u32>(0)[0];
    let (free_count, fresh_count) = (call.write::<u32>(1), call.write::<u32>(2));
    fresh_count[0] = free_count[0].min(admitted * p.chunks);
    free_count[0] -= fresh_count[0];
}
