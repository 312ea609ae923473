//! Twin of `scan_apply.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::scan_reduce::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let sums = call.read::<u32>(0);
    let values = &mut call.write::<u32>(1)[..p.len as usize];
    values.par_chunks_mut(p.block as usize).enumerate().for_each(|(index, block)| {
        let mut running = if p.carry == 1 { sums[index] } else { 0 };
        for value in block {
            running = running.wrapping_add(std::mem::replace(value, running));
        }
    });
}
