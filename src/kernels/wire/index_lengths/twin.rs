//! Twin of `index_lengths.wgsl`.

use rayon::prelude::*;

use crate::kernels::index_lengths::View;

/// Entries that one task takes at least.
const LEAST: usize = 1 << 14;

/// What lies between the place of an entry and that of the one before.
pub(crate) fn gap(indices: &[u32], i: usize) -> u32 {
    match i.checked_sub(1) {
        Some(before) => indices[i].wrapping_sub(indices[before]).wrapping_sub(1),
        None => indices[i],
    }
}

pub(crate) fn run(call: View<'_>) {
    let (first, len) = (call.params.first as usize, call.params.len as usize);
    let indices = &call.indices[first..][..len];
    let lengths = call.lengths[..len].par_iter_mut().with_min_len(LEAST);
    lengths.enumerate().for_each(|(i, length)| *length = gap(indices, i) / 255 + 1);
}
