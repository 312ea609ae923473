//! Twin of `scan_apply.wgsl`.

use rayon::prelude::*;

use crate::kernels::scan_apply::View;
use crate::kernels::scan_reduce::twin::LEAST;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let sums = call.sums;
    let values = &mut call.values[..p.len as usize];
    let blocks = values.par_chunks_mut(p.block as usize).with_min_len(LEAST / p.block as usize);
    blocks.enumerate().for_each(|(index, block)| {
        let mut running = if p.carry == 1 { sums[index] } else { 0 };
        for value in block {
            running = running.wrapping_add(std::mem::replace(value, running));
        }
    });
}
