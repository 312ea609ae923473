//! The cases of `reach`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::Process;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(100);
    Process::all()
        .map(|process| {
            let Process { instances, layers, actions, states, pairs, moves, .. } = process;
            let bindings = Bindings {
                places: process.places(),
                policy: CaseBinding::floats(&process.policy(&mut random)),
                model: CaseBinding::floats(&process.model(&mut random)),
                reached: CaseBinding::poisoned((states * instances) as usize),
                occupancy: CaseBinding::poisoned((pairs * instances) as usize),
            };
            let params = Params { instances, layers, actions };
            let case = Case::new(process.name(), [0], &params, bindings, process.groups());
            let bytes = u64::from(instances) * u64::from(moves + 2 * pairs + states) * 4;
            if instances > 1000 { case.bench(bytes, 0) } else { case }
        })
        .collect()
}
