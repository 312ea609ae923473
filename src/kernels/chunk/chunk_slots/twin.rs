//! Twin of `chunk_slots.wgsl`.

use rayon::prelude::*;

use crate::kernels::chunk_slots::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let (rows, total, slots) = (call.rows, call.total[0], call.slots);
    let (there, behind) = call.out[..len * chunks].split_at_mut(total.min(p.len) as usize * chunks);
    there.par_chunks_mut(chunks).zip(rows).with_min_len(1024).for_each(|(out, &row)| {
        out.copy_from_slice(&slots[row as usize * chunks..][..chunks]);
    });
    behind.fill(NONE);
}
