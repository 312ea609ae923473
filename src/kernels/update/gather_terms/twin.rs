//! Twin of `gather_terms.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::gather_terms::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (positions, terms) = (&call.read::<u32>(0)[..p.len as usize], call.read::<[u32; 2]>(1));
    let sorted = call.write::<[u32; 2]>(2);
    positions.par_chunks(8192).zip(sorted.par_chunks_mut(8192)).for_each(|(positions, sorted)| {
        for (&position, sorted) in positions.iter().zip(sorted) {
            *sorted = terms[position as usize];
        }
    });
}
