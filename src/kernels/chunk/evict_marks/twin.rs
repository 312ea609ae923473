//! Twin of `evict_marks.wgsl`.

use crate::cpu::parallel;
use crate::kernels::evict_marks::View;
use crate::kernels::feature::NONE;

/// Rows that one task takes.
const ROWS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let (credit, rows, slots) = (call.credit, call.rows, call.slots);
    let marks = &mut call.marks[..=len * chunks];
    marks[len * chunks] = 0;
    let rows = credit.chunks(ROWS).zip(rows.chunks(ROWS));
    parallel::each(marks[..len * chunks].chunks_mut(chunks * ROWS).zip(rows), &|(marks, (credit, rows))| {
        for (marks, (&credit, &row)) in marks.chunks_mut(chunks).zip(credit.iter().zip(rows)) {
            let slots = &slots[row as usize * chunks..][..chunks];
            for (mark, &slot) in marks.iter_mut().zip(slots) {
                *mark = u32::from(credit != NONE && slot != NONE);
            }
        }
    });
}
