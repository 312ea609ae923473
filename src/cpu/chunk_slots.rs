//! Twin of `chunk_slots.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::chunk_slots::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let len = p.len as usize;
    let rows = &call.read::<u32>(0)[..len];
    let slots = &call.read::<u32>(1)[p.first_chunk as usize..];
    let out = &mut call.write::<u32>(2)[p.out_first as usize..][..len * p.chunks as usize];
    if len == 0 {
        return;
    }
    for (c, out) in out.chunks_mut(len).enumerate() {
        out.par_iter_mut().zip(rows).with_min_len(4096).for_each(|(out, &row)| {
            *out = if row == NONE { NONE } else { slots[row as usize * p.chunks as usize + c] };
        });
    }
}
