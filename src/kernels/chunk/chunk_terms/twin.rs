//! Twin of `chunk_terms.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::chunk_terms::Params;
use crate::kernels::part::Term;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let all = (p.len * p.chunks) as usize;
    let (sorted, positions) = (&call.read::<u32>(0)[..all], &call.read::<u32>(1)[..all]);
    let occurrences = call.read::<u32>(2);
    let (keys, counts) = call.write::<u32>(3)[..2 * all].split_at_mut(all);
    let terms = &mut call.write::<Term>(4)[..all];
    keys.copy_from_slice(sorted);
    counts.par_iter_mut().zip(terms).zip(positions).with_min_len(4096).for_each(
        |((count, term), &position)| {
            *count = occurrences[(position / p.chunks) as usize].max(1);
            *term = [position * p.width, 1.0f32.to_bits()];
        },
    );
}
