//! The cases of `backward_dp`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{Process, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(103);
    Process::all()
        .flat_map(|process| {
            let Process { instances, layers, actions, states, pairs, .. } = process;
            let cases = [(1, 0.3, 0.2), (1, -0.3, -0.2), (0, -0.3, 0.0)].map(|(moves, rate, bonus)| {
                let visits: Vec<u32> = (0..pairs * instances).map(|_| random.below(9)).collect();
                let weights: Vec<f32> =
                    random.floats((pairs * instances) as usize).iter().map(|weight| 8.0 * weight).collect();
                let bindings = Bindings {
                    places: process.places(),
                    payoff: CaseBinding::floats(&entries_of(&mut random, pairs * instances)),
                    model: CaseBinding::floats(&process.model(&mut random)),
                    visits: CaseBinding::ints(&visits),
                    weights: CaseBinding::floats(&weights),
                    policy: CaseBinding::floats(&process.policy(&mut random)),
                    values: CaseBinding::poisoned((states * instances) as usize),
                };
                let params = Params { instances, layers, actions, moves, rate, bonus };
                let name = format!("{}, moves={moves} rate={rate}", process.name());
                let case = Case::new(name, [0], &params, bindings, process.groups());
                let bytes = u64::from(instances) * u64::from(process.moves + 6 * pairs + states) * 4;
                if instances > 1000 && moves == 1 && rate > 0.0 { case.bench(bytes, 0) } else { case }
            });
            Vec::from(cases)
        })
        .collect()
}
