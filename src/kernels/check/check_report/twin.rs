//! Twin of `check_report.wgsl`.

use crate::kernel::Call;
use crate::kernels::check_report::Params;
use crate::kernels::feature::{NONE, Status};
use crate::numbers::narrow;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let status = &mut call.write::<Status>(0)[0];
    let (offsets, ids) = (call.read::<u32>(1), call.read::<u32>(2));
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
