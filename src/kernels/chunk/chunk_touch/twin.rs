//! Twin of `chunk_touch.wgsl`.

use rayon::prelude::*;

use crate::kernels::chunk_touch::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, chunks, first) = (p.len as usize, p.chunks as usize, p.first as usize);
    let places = &call.places[first..][..=rows * chunks];
    let &[stay, moving] = call.room.first_chunk().unwrap_or(&[0; 2]);
    let effective = &call.effective[first..][..rows * chunks];
    let utility = &mut call.utility[..rows * chunks];
    let touch = &mut call.touch[..rows * p.words as usize];
    let of_rows = touch.par_chunks_mut(p.words as usize).zip(utility.par_chunks_mut(chunks));
    of_rows.zip(effective.par_chunks(chunks)).enumerate().with_min_len(1024).for_each(
        |(row, ((touch, utility), effective))| {
            // the row's marked chunks, and the moving ones
            if places[row * chunks].max(stay) < places[(row + 1) * chunks].min(stay + moving) {
                touch[0] = p.step;
                utility.copy_from_slice(effective);
            }
        },
    );
}
