//! Twin of `check_offsets.wgsl`.

use crate::cpu::simd::vectorised;
use crate::kernels::check_offsets::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let status = call.status;
    let (offsets, begins) = (&call.offsets[..=p.bags as usize], call.begins);
    let first = (offsets[0] != 0).then_some(0);
    let last = (p.room == 0 && offsets[p.bags as usize] != p.ids).then_some(p.bags);
    let bad = |least: u32, offset: u32| {
        (offset < least) | (offset > p.ids) | (offset.wrapping_sub(least) > p.longest)
    };
    // whether any is, many at a time, and which one only then
    let any = vectorised(
        #[inline(always)]
        || offsets.iter().zip(&offsets[1..]).fold(false, |any, (&least, &offset)| any | bad(least, offset)),
    );
    let mut pairs = (1..).zip(offsets.array_windows());
    let falls = if any { pairs.find(|&(_, &[least, offset])| bad(least, offset)) } else { None };
    // each feature's first, without a division for each bag
    let begins = if p.counted == 1 { begins } else { &[] };
    let counted = (0..).zip(offsets).step_by(p.batch.max(1) as usize).zip(begins);
    let miscounted = counted.map(|((i, offset), begin)| (i, offset != begin)).find(|&(_, bad)| bad);
    let bad = [first, falls.map(|(i, _)| i), miscounted.map(|(i, _)| i), last].into_iter().flatten().min();
    status.bad_offset = status.bad_offset.min(bad.unwrap_or(u32::MAX));
}
