//! Twin of `check_ids.wgsl`.

use crate::kernels::check_ids::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let status = call.status;
    let (features, offsets, ids) = (call.features, call.offsets, call.ids);
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
