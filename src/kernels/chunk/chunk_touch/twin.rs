//! Twin of `chunk_touch.wgsl`.

use crate::cpu::parallel;
use crate::kernels::chunk_touch::View;

/// Rows that one task takes.
const ROWS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, chunks, first) = (p.len as usize, p.chunks as usize, p.first as usize);
    let places = &call.places[first..][..=rows * chunks];
    let &[stay, moving] = call.room.first_chunk().unwrap_or(&[0; 2]);
    let effective = &call.effective[first..][..rows * chunks];
    let utility = &mut call.utility[..rows * chunks];
    let touch = &mut call.touch[..rows * p.words as usize];
    let (words, of_task) = (p.words as usize, chunks * ROWS);
    let tasks =
        touch.chunks_mut(words * ROWS).zip(utility.chunks_mut(of_task)).zip(effective.chunks(of_task));
    parallel::each(tasks.enumerate(), &|(task, ((touch, utility), effective))| {
        let of_rows = touch.chunks_mut(words).zip(utility.chunks_mut(chunks)).zip(effective.chunks(chunks));
        for (row, ((touch, utility), effective)) in (task * ROWS..).zip(of_rows) {
            // the row's marked chunks, and the moving ones
            if places[row * chunks].max(stay) < places[(row + 1) * chunks].min(stay + moving) {
                touch[0] = p.step;
                utility.copy_from_slice(effective);
            }
        }
    });
}
