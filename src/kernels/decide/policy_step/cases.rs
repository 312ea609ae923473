//! The cases of `policy_step`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{Process, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(94);
    Process::all()
        .map(|process| {
            let Process { instances, layers, actions, pairs, .. } = process;
            let mut occupancy = entries_of(&mut random, pairs * instances);
            // states that are not reached
            occupancy.iter_mut().step_by(5).for_each(|value| *value = 0.0);
            let bindings = Bindings {
                places: process.places(),
                occupancy: CaseBinding::floats(&occupancy),
                policy: CaseBinding::poisoned((pairs * instances) as usize),
            };
            let params = Params { instances, layers, actions };
            let case = Case::new(process.name(), [0], &params, bindings, process.groups());
            let bytes = u64::from(instances) * u64::from(2 * pairs) * 4;
            if instances > 1000 { case.bench(bytes, 0) } else { case }
        })
        .collect()
}
