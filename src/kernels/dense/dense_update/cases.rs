//! The cases of `dense_update`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (index, (optimizer, state)) in OPTIMIZERS.into_iter().enumerate() {
        for (quads, l2, keep) in [(1, 0.0, 1.0), (77, 0.05, 1.0), (100, 0.0, 0.99), (65_536, 0.0, 1.0)] {
            let mut random = Random::new(37);
            let params = Params {
                quads,
                lr: 0.1,
                eps: 1e-3,
                l2,
                keep,
                beta2: 0.99,
                one_minus_beta1: 0.1,
                one_minus_beta2: 0.01,
                root_correction: 0.5,
            };
            let len = quads as usize * 4;
            // squares are never negative
            let before: Vec<f32> = random.floats((len * state).max(4)).iter().map(|v| v.abs()).collect();
            let bindings = Bindings {
                grad: CaseBinding::floats(&random.floats(len)),
                weights: CaseBinding::floats(&random.floats(len)),
                state: CaseBinding::floats(&before),
            };
            let name = format!("{optimizer} n={len} l2={l2} keep={keep}");
            let case = Case::new(name, [index], &params, bindings, quads.div_ceil(64));
            let (values, state) = (len as u64, state as u64);
            all.push(if quads > 1000 {
                case.bench(values * 4 * (3 + 2 * state), values * (3 + 5 * state))
            } else {
                case
            });
        }
    }
    all
}
