//! Twin of `chunk_marks.wgsl`.

use rayon::prelude::*;

use crate::kernels::chunk_marks::View;
use crate::kernels::chunk_room::{COME, YIELD, is_coming};
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let effective = &call.effective[p.first as usize..][..len];
    let thresholds = &call.thresholds[p.threshold as usize..];
    let slots = &call.slots[..len];
    let marks = &mut call.marks[p.first as usize..][..=len];
    marks[len] = 0;
    let rows =
        marks[..len].par_chunks_mut(chunks).zip(effective.par_chunks(chunks)).zip(slots.par_chunks(chunks));
    rows.with_min_len(1024).for_each(|((marks, effective), slots)| {
        for (c, mark) in marks.iter_mut().enumerate() {
            let threshold = thresholds[c * p.by_column as usize];
            let (worth, resident) = (effective[c], slots[c] != NONE);
            let marked = match p.stage {
                stage if is_coming(stage) => {
                    let above = worth > threshold;
                    !resident && worth > 0.0 && worth >= threshold * p.margin && above == (stage == COME)
                }
                YIELD => resident && worth == threshold,
                _ => resident && worth < threshold,
            };
            *mark = u32::from(marked);
        }
    });
}
