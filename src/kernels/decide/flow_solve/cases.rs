//! The cases of `flow_solve`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{Process, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(96);
    Process::all()
        .flat_map(|process| {
            let Process { instances, layers, actions, states, pairs, moves, .. } = process;
            // a solve from the beginning, and one that goes on: from where some instances are done
            let solves = [(EXACT, 1, 20), (EXACT, 0, 3), (WITHIN, 1, 20), (WITHIN, 0, 3)];
            let cases = solves.map(|(variant, first, sweeps)| {
                let rows = if variant == WITHIN { moves } else { pairs };
                let mut potentials = random.floats(((states + 1) * instances) as usize);
                // both ends have none
                let (ends, n) = ([0, states as usize - 1], instances as usize);
                ends.iter().for_each(|end| potentials[end * n..][..n].fill(0.0));
                let bindings = Bindings {
                    places: process.places(),
                    price: CaseBinding::floats(&random.floats((pairs * instances) as usize)),
                    model: CaseBinding::floats(&process.model_within(&mut random)),
                    work: CaseBinding::floats(&entries_of(&mut random, rows * instances)),
                    chosen: CaseBinding::floats(&process.model(&mut random)),
                    potentials: CaseBinding::floats(&potentials),
                    occupancy: CaseBinding::floats(&entries_of(&mut random, pairs * instances)),
                };
                let params = Params { instances, layers, actions, sweeps, first, tolerance: 1e-3, mix: 0.01 };
                let name = format!("{} first={first}", process.name());
                let case = Case::new(name, [variant], &params, bindings, process.groups());
                let bytes = u64::from(instances) * u64::from(2 * moves + 4 * pairs) * 4;
                if instances > 1000 && first == 1 { case.bench(bytes, 0) } else { case }
            });
            Vec::from(cases)
        })
        .collect()
}
