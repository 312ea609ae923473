//! Twin of `chunk_marks.wgsl`.

use crate::cpu::parallel;
use crate::kernels::chunk_marks::View;
use crate::kernels::chunk_room::{COME, YIELD, is_coming};
use crate::kernels::feature::NONE;

/// Rows that one task takes.
const ROWS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let effective = &call.effective[p.first as usize..][..len];
    let thresholds = &call.thresholds[p.threshold as usize..];
    let slots = &call.slots[..len];
    let marks = &mut call.marks[p.first as usize..][..=len];
    marks[len] = 0;
    let of_task = chunks * ROWS;
    let tasks = marks[..len].chunks_mut(of_task).zip(effective.chunks(of_task)).zip(slots.chunks(of_task));
    parallel::each(tasks, &|((marks, effective), slots)| {
        let rows = marks.chunks_mut(chunks).zip(effective.chunks(chunks)).zip(slots.chunks(chunks));
        for ((marks, effective), slots) in rows {
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
        }
    });
}
