//! Twin of `check_offsets.wgsl`.

use crate::kernel::Call;
use crate::kernels::check_offsets::Params;
use crate::kernels::feature::Status;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let status = &mut call.write::<Status>(0)[0];
    let (offsets, begins) = (call.read::<u32>(1), call.read::<u32>(2));
    let bad = (0..=p.bags).find(|&i| {
        let offset = offsets[i as usize];
        let least = if i == 0 { 0 } else { offsets[i as usize - 1] };
        let most = if i == 0 { 0 } else { p.ids };
        let miscounted =
            p.counted == 1 && i.is_multiple_of(p.batch) && offset != begins[(i / p.batch) as usize];
        offset < least
            || offset > most
            || (i == p.bags && offset != p.ids)
            || miscounted
            || offset - least > p.longest
    });
    status.bad_offset = status.bad_offset.min(bad.unwrap_or(u32::MAX));
}
