//! Twin of `chunk_slots.wgsl`.

use crate::cpu::parallel;
use crate::kernels::chunk_slots::View;
use crate::kernels::feature::NONE;

/// Rows that one task takes.
const ROWS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let (rows, total, slots) = (call.rows, call.total[0], call.slots);
    let (there, behind) = call.out[..len * chunks].split_at_mut(total.min(p.len) as usize * chunks);
    parallel::each(there.chunks_mut(chunks * ROWS).zip(rows.chunks(ROWS)), &|(out, rows)| {
        for (out, &row) in out.chunks_mut(chunks).zip(rows) {
            out.copy_from_slice(&slots[row as usize * chunks..][..chunks]);
        }
    });
    behind.fill(NONE);
}
