//! Twin of `check_report.wgsl`.

use crate::kernels::check_report::View;
use crate::kernels::feature::NONE;
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let status = call.status;
    let (offsets, ids) = (call.offsets, call.ids);
    if status.bad_offset != NONE {
        let i = status.bad_offset as usize;
        status.value = offsets[i];
        if i > 0 {
            status.previous = offsets[i - 1];
        }
    } else if status.bad_position != NONE {
        // the last bag that begins at or before the position; offsets are monotone, or we were not here
        let bags = &offsets[..p.bags as usize];
        let bag = bags.partition_point(|&begin| begin <= status.bad_position).saturating_sub(1);
        let bag = narrow(bag);
        (status.feature, status.example) = (bag / p.batch, bag % p.batch);
        status.value = ids[status.bad_position as usize];
    }
}
