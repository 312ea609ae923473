//! Twin of `chunk_slots.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::chunk_slots::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let (rows, total, slots) = (call.read::<u32>(0), call.read::<u32>(1)[0], call.read::<u32>(2));
    let (there, behind) =
        call.write::<u32>(3)[..len * chunks].split_at_mut(total.min(p.len) as usize * chunks);
    there.par_chunks_mut(chunks).zip(rows).with_min_len(1024).for_each(|(out, &row)| {
        out.copy_from_slice(&slots[row as usize * chunks..][..chunks]);
    });
    behind.fill(NONE);
}
