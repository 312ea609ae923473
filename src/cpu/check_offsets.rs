//! Twin of `check_offsets.wgsl`.

use crate::kernel::Call;
use crate::kernels::check_offsets::Params;
use crate::kernels::feature::Status;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let status = &mut call.write::<Status>(0)[0];
    let (offsets, begins) = (&call.read::<u32>(1)[..=p.bags as usize], call.read::<u32>(2));
    let first = (offsets[0] != 0).then_some(0);
    let last = (offsets[p.bags as usize] != p.ids).then_some(p.bags);
    let falls = (1..)
        .zip(offsets.array_windows())
        .find(|&(_, &[least, offset])| offset < least || offset > p.ids || offset - least > p.longest);
    // each feature's first, without a division for each bag
    let begins = if p.counted == 1 { begins } else { &[] };
    let counted = (0..).zip(offsets).step_by(p.batch.max(1) as usize).zip(begins);
    let miscounted = counted.map(|((i, offset), begin)| (i, offset != begin)).find(|&(_, bad)| bad);
    let bad = [first, falls.map(|(i, _)| i), miscounted.map(|(i, _)| i), last].into_iter().flatten().min();
    status.bad_offset = status.bad_offset.min(bad.unwrap_or(u32::MAX));
}
