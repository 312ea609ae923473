//! The cases of `queue_step`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{Process, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(98);
    Process::all()
        .flat_map(|process| {
            let Process { instances, pairs, .. } = process;
            let cases = [1u32, 3].map(|constraints| {
                let bindings = Bindings {
                    kept: CaseBinding::floats(
                        &random.floats((constraints * (pairs + 1) * instances) as usize),
                    ),
                    occupancy: CaseBinding::floats(&entries_of(&mut random, pairs * instances)),
                    queues: CaseBinding::floats(&entries_of(&mut random, constraints * instances)),
                };
                let params = Params {
                    instances,
                    pairs,
                    constraints,
                    least: if constraints == 1 { 0.0 } else { -3.0 },
                };
                let name = format!("{}, {constraints} constraints", process.name());
                let case = Case::new(name, [0], &params, bindings, (constraints * instances).div_ceil(64));
                let bytes = u64::from(instances) * u64::from(pairs * (constraints + 1)) * 4;
                if instances > 1000 && constraints == 1 { case.bench(bytes, 0) } else { case }
            });
            Vec::from(cases)
        })
        .collect()
}
