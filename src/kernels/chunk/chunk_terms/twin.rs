//! Twin of `chunk_terms.wgsl`.

use rayon::prelude::*;

use crate::kernels::chunk_terms::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let all = (p.len * p.chunks) as usize;
    let (sorted, positions) = (&call.sorted[..all], &call.positions[..all]);
    let occurrences = call.occurrences;
    let (keys, counts) = call.keys[..2 * all].split_at_mut(all);
    let terms = &mut call.terms[..all];
    keys.copy_from_slice(sorted);
    counts.par_iter_mut().zip(terms).zip(positions).with_min_len(4096).for_each(
        |((count, term), &position)| {
            *count = occurrences[(position / p.chunks) as usize].max(1);
            *term = [position * p.width, 1.0f32.to_bits()];
        },
    );
}
