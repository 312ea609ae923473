//! Twin of `gather_terms.wgsl`.

use rayon::prelude::*;

use crate::kernels::gather_terms::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (positions, terms) = (&call.positions[..p.len as usize], call.terms);
    let sorted = call.sorted;
    positions.par_chunks(8192).zip(sorted.par_chunks_mut(8192)).for_each(|(positions, sorted)| {
        for (&position, sorted) in positions.iter().zip(sorted) {
            *sorted = terms[position as usize];
        }
    });
}
