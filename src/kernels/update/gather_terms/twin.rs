//! Twin of `gather_terms.wgsl`.

use crate::cpu::parallel;
use crate::kernels::gather_terms::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (positions, terms) = (&call.positions[..p.len as usize], call.terms);
    let sorted = call.sorted;
    parallel::each(positions.chunks(8192).zip(sorted.chunks_mut(8192)), &|(positions, sorted)| {
        for (&position, sorted) in positions.iter().zip(sorted) {
            *sorted = terms[position as usize];
        }
    });
}
