//! Twin of `directory_sift.wgsl`.

use rayon::prelude::*;

use crate::cpu::directory::counters_of;
use crate::kernel::Call;
use crate::kernels::directory_sift::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let counters = call.read::<u32>(0);
    let unknown = &mut call.write::<u32>(1)[..p.len as usize];
    unknown.par_iter_mut().with_min_len(4096).filter(|id| **id != NONE).for_each(|id| {
        let [first, second] = counters_of(*id, p.width);
        if counters[first].min(counters[second]) < p.least {
            *id = NONE;
        }
    });
}
