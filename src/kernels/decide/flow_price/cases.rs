//! The cases of `flow_price`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{Process, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(97);
    Process::all()
        .flat_map(|process| {
            let Process { instances, pairs, .. } = process;
            let cases = [0u32, 1, 3].map(|constraints| {
                let gap = instances % 3;
                let stride = instances + gap;
                let params = Params {
                    instances,
                    pairs,
                    constraints,
                    loss_base: gap,
                    loss_stride: stride,
                    costs_base: 0,
                    costs_stride: stride,
                    budgets_base: 2,
                    budgets_stride: stride,
                    loss_rate: 0.3,
                    cost_rate: 0.01,
                };
                let kept = constraints * (pairs + 1) * instances;
                let bindings = Bindings {
                    loss: CaseBinding::floats(&random.floats((gap + pairs * stride) as usize)),
                    costs: CaseBinding::floats(&entries_of(&mut random, constraints * pairs * stride)),
                    budgets: CaseBinding::floats(&entries_of(&mut random, 2 + constraints * stride)),
                    queues: CaseBinding::floats(&entries_of(&mut random, constraints * instances)),
                    kept: CaseBinding::poisoned(kept.max(1) as usize),
                    price: CaseBinding::poisoned((pairs * instances) as usize),
                };
                let name = format!("{}, {constraints} constraints", process.name());
                let case = Case::new(name, [0], &params, bindings, (pairs * instances).div_ceil(64));
                let bytes = u64::from(instances * pairs) * u64::from(2 + 2 * constraints) * 4;
                if instances > 1000 && constraints == 1 { case.bench(bytes, 0) } else { case }
            });
            Vec::from(cases)
        })
        .collect()
}
