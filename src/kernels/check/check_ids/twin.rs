//! Twin of `check_ids.wgsl`.

use crate::kernel::Call;
use crate::kernels::check_ids::Params;
use crate::kernels::feature::{Feature, NONE, Status};

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let status = &mut call.write::<Status>(0)[0];
    let (features, offsets, ids) = (call.read::<Feature>(1), call.read::<u32>(2), call.read::<u32>(3));
    if status.bad_offset != NONE {
        return;
    }
    for (feature, f) in features.iter().zip(0..p.features) {
        let begin = offsets[(f * p.batch) as usize];
        let end = offsets[((f + 1) * p.batch) as usize];
        for position in begin..end {
            let id = ids[position as usize];
            if feature.out_of_range(id) && !(p.pruned == 1 && id == NONE) {
                if p.skip == 1 {
                    status.skipped += 1;
                } else {
                    status.bad_position = status.bad_position.min(position);
                }
            }
        }
    }
}
