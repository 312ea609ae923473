//! The cases of `td_step`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// Instances, features, tanh units.
pub(crate) const SHAPES: [(u32, u32, u32); 6] =
    [(1, 1, 0), (130, 5, 0), (3, 4, 3), (257, 7, 2), (4096, 43, 0), (4096, 4, 3)];

/// Entries of theta.
pub(crate) fn entries_of(features: u32, units: u32) -> u32 {
    if units == 0 { features } else { units * (features + 1) }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(104);
    let mut all = Vec::new();
    for (instances, features, units) in SHAPES {
        for is_reduced in [0u32, 1] {
            let entries = entries_of(features, units);
            let gap = instances % 3;
            let stride = instances + gap;
            let params = Params {
                instances,
                features,
                units,
                entries,
                now_base: gap,
                now_stride: stride,
                now_step: 1,
                // as bags give them
                next_base: 0,
                next_stride: 1,
                next_step: features + gap,
                reward_base: gap,
                discount: 0.9,
                ridge: 0.05,
                rate: 0.02,
                dual_rate: 0.1,
                gain: if is_reduced == 1 { 1.0 } else { 0.2 },
                keep: 0.8,
                is_reduced,
            };
            let mut floats = |count: u32| CaseBinding::floats(&random.floats(count as usize));
            let bindings = Bindings {
                now: floats(gap + features * stride),
                next: floats((features + gap) * instances),
                reward: floats(gap + instances),
                theta: floats(entries * instances),
                omega: floats(entries * instances),
                means: floats(2 * entries * instances),
                hidden: CaseBinding::poisoned((6 * units * instances).max(1) as usize),
            };
            let variant = if units == 0 { LINEAR } else { TANH };
            let name =
                format!("{features} features, {units} units, {instances} instances, is_reduced={is_reduced}");
            let case = Case::new(name, [variant], &params, bindings, instances.div_ceil(64));
            let bytes = u64::from(instances) * u64::from(2 * features + 8 * entries) * 4;
            all.push(if instances > 1000 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
