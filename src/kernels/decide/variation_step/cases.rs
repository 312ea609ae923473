//! The cases of `variation_step`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{SHAPES, entries_of, rates_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(93);
    let mut all = Vec::new();
    for (instances, entries, constraints) in SHAPES {
        let gap = instances % 3;
        let params = Params {
            instances,
            entries,
            constraints,
            gradient_base: gap,
            gradient_stride: instances + gap,
            smoothness: 0.25,
        };
        for variant in [0, 1] {
            let bindings = Bindings {
                gradient: CaseBinding::floats(
                    &random.floats((gap + entries * params.gradient_stride) as usize),
                ),
                last: CaseBinding::floats(&random.floats((entries * instances) as usize)),
                // every other instance has seen less than it was told
                rates: CaseBinding::floats(&rates_of(&mut random, instances)),
                queues: CaseBinding::floats(&entries_of(&mut random, constraints * instances)),
            };
            let name = format!("{entries} entries, {constraints} constraints, {instances} instances");
            let case = Case::new(name, [variant], &params, bindings, instances.div_ceil(64));
            all.push(if instances > 1000 {
                case.bench(u64::from(entries * instances) * 12, 0)
            } else {
                case
            });
        }
    }
    all
}
