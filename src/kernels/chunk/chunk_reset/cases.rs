//! The cases of `chunk_reset`.

use super::*;
use crate::cpu::types::packed;
use crate::kernel::elements::{TYPE_BF16, TYPE_F16, TYPE_F32};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, fresh, slots, width, state_width, store_type) in [
        ("one", 1u32, 3u32, 4u32, 1u32, TYPE_F32),
        ("some", 40, 200, 16, 17, TYPE_F32),
        ("no state", 40, 200, 8, 0, TYPE_F32),
        ("f16", 40, 200, 8, 1, TYPE_F16),
        ("bf16", 40, 200, 4, 1, TYPE_BF16),
        ("large", 20_000, 60_000, 16, 1, TYPE_F32),
    ] {
        let mut random = Random::new(11);
        // each slot once, of which a part lies in the window
        let listed: Vec<[u32; 4]> = (0..fresh)
            .map(|i| [i * (slots / fresh), random.below(u32::MAX), random.below(9), i % 2])
            .collect();
        let params = Params {
            len: fresh + 3,
            first_slot: slots / 5,
            slots: slots / 2,
            base: 4,
            width,
            state_base: 2,
            state_width,
            seed: 42,
            scale: 0.25,
            store_type,
        };
        let values = (params.base + params.slots * width) as usize;
        let words = (params.state_base + params.slots * state_width) as usize;
        let bindings = Bindings {
            fresh: CaseBinding::ints(&listed),
            fresh_count: CaseBinding::ints(&[fresh]),
            weights: CaseBinding::mixed(&packed(&random.floats(values), store_type)),
            state: CaseBinding::ints(&vec![7u32; words]),
        };
        let case = Case::new(name, [0], &params, bindings, params.len.div_ceil(256));
        all.push(if name == "large" {
            case.bench(u64::from(fresh * (width + state_width)) * 4, 0)
        } else {
            case
        });
    }
    all
}
