//! Twin of `directory_sift.wgsl`.

use crate::cpu::parallel;
use crate::kernels::directory::bucket::counters_of;
use crate::kernels::directory_sift::View;
use crate::kernels::feature::NONE;

/// Ids that one task takes.
const IDS: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let counters = call.counters;
    let unknown = &mut call.unknown[..p.len as usize];
    parallel::pieces(unknown, IDS, &|_, ids| {
        for id in ids.iter_mut().filter(|id| **id != NONE) {
            let [first, second] = counters_of(*id, p.width);
            if counters[first].min(counters[second]) < p.least {
                *id = NONE;
            }
        }
    });
}
