//! Twin of `check_offsets.wgsl`.

use super::simd::vectorised;
use crate::kernel::Call;
use crate::kernels::check_offsets::Params;
use crate::kernels::feature::Status;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let status = &mut call.write::<Status>(0)[0];
    let (offsets, begins) = (call.read::<u32>(1), call.read::<u32>(2));
    if is_regular(&p, offsets, begins) {
        return;
    }
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

/// Whether no offset is bad: what is mostly so, without a jump or a division for each.
fn is_regular(p: &Params, offsets: &[u32], begins: &[u32]) -> bool {
    let offsets = &offsets[..=p.bags as usize];
    let ascend = vectorised(
        #[inline(always)]
        || {
            let bad = |pair: &[u32; 2]| pair[1] < pair[0] || pair[1].wrapping_sub(pair[0]) > p.longest;
            !offsets.array_windows().fold(false, |any, pair| any | bad(pair))
        },
    );
    let counted = || begins.iter().zip(offsets.iter().step_by(p.batch.max(1) as usize)).all(|(a, b)| a == b);
    ascend && offsets[0] == 0 && offsets[p.bags as usize] == p.ids && (p.counted == 0 || counted())
}
