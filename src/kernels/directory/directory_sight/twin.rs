//! Twin of `directory_sight.wgsl`.

use crate::kernels::directory::bucket::counters_of;
use crate::kernels::directory_sight::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let unknown = &call.unknown[..p.len as usize];
    let counters = call.counters;
    for &id in unknown.iter().filter(|&&id| id != NONE) {
        for counter in counters_of(id, p.width) {
            counters[counter] = counters[counter].saturating_add(1);
        }
    }
}
