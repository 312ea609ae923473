//! The cases of `occurrences`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::bag_inputs::BagInputs;
use crate::kernels::feature::Status;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (batch, longest, dims, members) in [
        (1, 1, &[4][..], &[0][..]),
        (50, 6, &[4, 8, 3, 1], &[0, 1, 2, 3]),
        (50, 6, &[4, 8, 3, 1], &[1, 3]),
        (50, 6, &[4, 8, 3, 1], &[2]),
        (1, 20_000, &[4], &[0]),
        (2048, 39, &[64; 8], &[0, 1, 2, 3, 4, 5, 6, 7]),
    ] {
        let mut inputs = BagInputs::new(dims, batch, longest, 11);
        inputs.prune();
        let ids = inputs.choose(members);
        for (name, status) in [
            ("", Status::CLEAN),
            (" bad id", Status { bad_position: 1, ..Status::CLEAN }),
            (" bad offset", Status { bad_offset: 1, ..Status::CLEAN }),
        ] {
            for (weighted, pruned, room) in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 0, 1)] {
                // behind all features
                if room == 1 && members.len() < dims.len() {
                    continue;
                }
                let ids = if room == 1 { ids + 700 } else { ids };
                let bags = inputs.feature_count() * batch;
                let threads = threads(bags, ids);
                let none_key = 97 * 8;
                let params = Params { batch, bags, ids, none_key, weighted, threads, pruned, room };
                let bindings = Bindings {
                    status: CaseBinding::ints(&[status]),
                    features: CaseBinding::ints(&inputs.features),
                    offsets: CaseBinding::ints(&inputs.offsets),
                    ids: CaseBinding::ints(&inputs.ids),
                    weights: CaseBinding::floats(&inputs.weights),
                    keys: CaseBinding::ints(&vec![7u32; ids as usize + 1]),
                    terms: CaseBinding::mixed(&vec![[7u32; 2]; ids as usize + 1]),
                };
                let case = Case::new(
                    format!(
                        "B={batch} L<={longest} D={dims:?} of={members:?} weighted={weighted} pruned={pruned} room={room}{name}"
                    ),
                    [0],
                    &params,
                    bindings,
                    threads.div_ceil(WORKGROUP),
                );
                let timed = batch == 2048 && name.is_empty();
                all.push(if timed { case.bench(u64::from(ids) * 16, 0) } else { case });
            }
        }
    }
    all
}
