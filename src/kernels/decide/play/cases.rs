//! The cases of `play`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::Process;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(99);
    Process::all()
        .flat_map(|process| {
            let Process { instances, layers, actions, .. } = process;
            // a side that moves its states, and one that finds the states another came to
            let cases = [0u32, 3].map(|leader_actions| {
                let leader = match leader_actions {
                    0 => vec![0],
                    _ => process.path_of(&mut random, leader_actions),
                };
                let bindings = Bindings {
                    places: process.places(),
                    policy: CaseBinding::floats(&process.policy(&mut random)),
                    moves: CaseBinding::floats(&process.model(&mut random)),
                    leader: CaseBinding::ints(&leader),
                    path: CaseBinding::poisoned((layers * instances) as usize),
                };
                let params = Params { instances, layers, actions, seed: 7, episode: 11, leader_actions };
                let name = format!("{}, leader_actions={leader_actions}", process.name());
                let case = Case::new(name, [0], &params, bindings, process.groups());
                let bytes = u64::from(instances) * u64::from(layers) * 4 * 4;
                let benched = instances > 1000 && leader_actions == 0;
                if benched { case.bench(bytes, 0) } else { case }
            });
            Vec::from(cases)
        })
        .collect()
}
