//! The cases of `check_ids`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::bag_inputs::BagInputs;
use crate::kernels::feature::Status;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, batch, dims, bad) in [
        ("good", 50, &[4, 8, 3][..], &[][..]),
        ("two bad", 50, &[4, 8, 3], &[201, 90]),
        ("last", 50, &[4, 8, 3], &[u32::MAX]),
        ("minus one", 50, &[4, 8, 3], &[77]),
        ("empty features", 1, &[4, 4, 4, 4, 4], &[]),
        ("large", 5000, &[16; 8], &[]),
    ] {
        let mut inputs = BagInputs::new(dims, batch, 7, 3);
        let n = inputs.offsets[inputs.offsets.len() - 1];
        let last = n.saturating_sub(1);
        for &position in bad {
            inputs.ids[position.min(last) as usize] = if name == "minus one" { u32::MAX } else { 1_000_000 };
        }
        // behind the last bag there may be anything
        inputs.ids.extend([1_000_000; 70]);
        for (skip, pruned, room) in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 70)] {
            let n = n + room;
            let params = Params { batch, features: inputs.feature_count(), ids: n, skip, pruned };
            let bindings = Bindings {
                status: CaseBinding::ints(&[Status::CLEAN]),
                features: CaseBinding::ints(&inputs.features),
                offsets: CaseBinding::ints(&inputs.offsets),
                ids: CaseBinding::ints(&inputs.ids),
            };
            let case = Case::new(
                format!("{name} skip={skip} pruned={pruned} room={room}"),
                [0],
                &params,
                bindings,
                n.div_ceil(256),
            );
            all.push(if name == "large" { case.bench(u64::from(n) * 4, 0) } else { case });
        }
    }
    all
}
