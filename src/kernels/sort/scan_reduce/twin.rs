//! Twin of `scan_reduce.wgsl`.

use rayon::prelude::*;

use crate::kernels::scan_reduce::View;

/// Values that one task takes at least: to wake another thread takes as long as to add these.
pub(crate) const LEAST: usize = 1 << 16;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let values = &call.values[..p.len as usize];
    let sums = call.sums;
    let blocks = values.par_chunks(p.block as usize).with_min_len(LEAST / p.block as usize);
    blocks.zip(sums).for_each(|(block, sum)| {
        *sum = block.iter().fold(0u32, |sum, &v| sum.wrapping_add(v));
    });
}
