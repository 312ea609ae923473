//! Twin of `row_terms.wgsl`.

use crate::kernel::Call;
use crate::kernels::feature::{NONE, Status};
use crate::kernels::row_terms::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (len, first) = (p.len as usize, p.first as usize);
    let refused = call.read::<Status>(0)[0].refused();
    let (rows, counts) = (&call.read::<u32>(1)[first..][..len], &call.read::<u32>(2)[first..][..len]);
    let (keys, occurrences) = call.write::<u32>(3)[..2 * len].split_at_mut(len);
    if refused {
        keys.fill(NONE);
    } else {
        keys.copy_from_slice(rows);
    }
    for (occurrences, &count) in occurrences.iter_mut().zip(counts) {
        *occurrences = count.max(1);
    }
    for (i, term) in (0..p.len).zip(call.write::<[u32; 2]>(4)) {
        *term = [p.base + i * p.stride, 1.0f32.to_bits()];
    }
}
