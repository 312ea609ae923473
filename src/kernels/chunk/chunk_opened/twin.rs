//! Twin of `chunk_opened.wgsl`.

use crate::kernels::chunk_opened::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let admitted = call.admitted[0];
    let (free_count, fresh_count) = (call.free_count, call.fresh_count);
    fresh_count[0] = free_count[0].min(admitted * p.chunks);
    free_count[0] -= fresh_count[0];
}
