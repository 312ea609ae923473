//! Twin of `chunk_terms.wgsl`.

use crate::cpu::parallel;
use crate::kernels::chunk_terms::View;

/// Terms that one task makes.
const TERMS: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let all = (p.len * p.chunks) as usize;
    let (sorted, positions) = (&call.sorted[..all], &call.positions[..all]);
    let occurrences = call.occurrences;
    let (keys, counts) = call.keys[..2 * all].split_at_mut(all);
    let terms = &mut call.terms[..all];
    keys.copy_from_slice(sorted);
    let tasks = counts.chunks_mut(TERMS).zip(terms.chunks_mut(TERMS)).zip(positions.chunks(TERMS));
    parallel::each(tasks, &|((counts, terms), positions)| {
        for ((count, term), &position) in counts.iter_mut().zip(terms).zip(positions) {
            *count = occurrences[(position / p.chunks) as usize].max(1);
            *term = [position * p.width, 1.0f32.to_bits()];
        }
    });
}
