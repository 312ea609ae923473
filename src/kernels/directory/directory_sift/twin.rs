//! Twin of `directory_sift.wgsl`.

use rayon::prelude::*;

use crate::cpu::directory::counters_of;
use crate::kernels::directory_sift::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let counters = call.counters;
    let unknown = &mut call.unknown[..p.len as usize];
    unknown.par_iter_mut().with_min_len(4096).filter(|id| **id != NONE).for_each(|id| {
        let [first, second] = counters_of(*id, p.width);
        if counters[first].min(counters[second]) < p.least {
            *id = NONE;
        }
    });
}
