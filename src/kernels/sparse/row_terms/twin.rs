//! Twin of `row_terms.wgsl`.

use crate::kernels::feature::NONE;
use crate::kernels::row_terms::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, first) = (p.len as usize, p.first as usize);
    let refused = call.status.refused();
    let (rows, counts) = (&call.rows[first..][..len], &call.counts[first..][..len]);
    let (keys, occurrences) = call.keys[..2 * len].split_at_mut(len);
    if refused {
        keys.fill(NONE);
    } else {
        keys.copy_from_slice(rows);
    }
    for (occurrences, &count) in occurrences.iter_mut().zip(counts) {
        *occurrences = count.max(1);
    }
    for (i, term) in (0..p.len).zip(call.terms) {
        *term = [p.base + i * p.stride, 1.0f32.to_bits()];
    }
}
