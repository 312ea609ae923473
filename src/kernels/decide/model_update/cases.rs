//! The cases of `model_update`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::Process;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(95);
    Process::all()
        .flat_map(|process| [(1, 0.0), (1, 0.4), (0, 0.0)].map(|settings| (process.clone(), settings)))
        .map(|(process, (epochs, radius))| {
            let Process { instances, layers, actions, pairs, moves, .. } = process;
            let counts = |random: &mut Random, rows: u32, most: u32| {
                let all: Vec<u32> = (0..rows * instances).map(|_| random.below(most)).collect();
                CaseBinding::ints(&all)
            };
            // a model of all that was counted makes sense only of counts that belong together
            let mut visits: Vec<u32> = (0..pairs * instances).map(|_| random.below(9)).collect();
            let begun: Vec<u32> =
                visits.iter().map(|visits| visits / 2).chain((0..instances).map(|_| 3)).collect();
            // nothing doubles in the last instance
            visits
                .iter_mut()
                .skip(instances as usize - 1)
                .step_by(instances as usize)
                .for_each(|visits| *visits = 5);
            let mut begun_of_all = begun;
            let last = begun_of_all.iter_mut().skip(instances as usize - 1).step_by(instances as usize);
            last.for_each(|begun| *begun = 4);
            let bindings = Bindings {
                places: process.places(),
                path: CaseBinding::ints(&process.path(&mut random)),
                visits: CaseBinding::ints(&visits),
                moves: counts(&mut random, moves, 5),
                begun: CaseBinding::ints(&begun_of_all),
                model: CaseBinding::floats(&process.model_within(&mut random)),
            };
            let params = Params { instances, layers, actions, epochs, prior: radius, radius };
            let name = format!("{}, epochs={epochs} radius={radius}", process.name());
            let case = Case::new(name, [0], &params, bindings, process.groups());
            let bytes = u64::from(instances) * u64::from(2 * moves + 2 * pairs) * 4;
            if instances > 1000 && epochs == 1 && radius == 0.0 { case.bench(bytes, 0) } else { case }
        })
        .collect()
}
