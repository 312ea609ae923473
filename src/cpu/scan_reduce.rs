//! Twin of `scan_reduce.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::scan_reduce::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let values = &call.read::<u32>(0)[..p.len as usize];
    let sums = call.write::<u32>(1);
    values.par_chunks(p.block as usize).zip(sums).for_each(|(block, sum)| {
        *sum = block.iter().fold(0u32, |sum, &v| sum.wrapping_add(v));
    });
}
