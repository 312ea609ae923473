//! Twin of `scan_apply.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::scan_reduce::Params;
use crate::kernels::scan_reduce::twin::LEAST;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let sums = call.read::<u32>(0);
    let values = &mut call.write::<u32>(1)[..p.len as usize];
    let blocks = values.par_chunks_mut(p.block as usize).with_min_len(LEAST / p.block as usize);
    blocks.enumerate().for_each(|(index, block)| {
        let mut running = if p.carry == 1 { sums[index] } else { 0 };
        for value in block {
            running = running.wrapping_add(std::mem::replace(value, running));
        }
    });
}
