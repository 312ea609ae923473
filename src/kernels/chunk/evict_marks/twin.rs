//! Twin of `evict_marks.wgsl`.

use rayon::prelude::*;

use crate::kernels::evict_marks::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let (credit, rows, slots) = (call.credit, call.rows, call.slots);
    let marks = &mut call.marks[..=len * chunks];
    marks[len * chunks] = 0;
    let rows = credit.par_iter().zip(rows);
    marks[..len * chunks].par_chunks_mut(chunks).zip(rows).with_min_len(1024).for_each(
        |(marks, (&credit, &row))| {
            let slots = &slots[row as usize * chunks..][..chunks];
            for (mark, &slot) in marks.iter_mut().zip(slots) {
                *mark = u32::from(credit != NONE && slot != NONE);
            }
        },
    );
}
