//! Twin of `sort_scan.wgsl`.

use crate::kernels::sort_scan::View;

pub(crate) fn run(call: View<'_>) {
    let (digits, tiles) = (call.params.digits as usize, call.params.tiles as usize);
    let (counts, sums) = call.histogram.split_at_mut(digits * tiles);
    for (row, sum) in counts.chunks_mut(tiles).zip(sums) {
        *sum = row.iter_mut().fold(0, |running, count| running + std::mem::replace(count, running));
    }
}
