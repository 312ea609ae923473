//! The cases of `payoff_update`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{Meetings, Process, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(102);
    Process::all()
        .flat_map(|process| {
            let cases = [false, true].map(|is_shared| {
                let Process { instances, layers, .. } = process;
                let meetings = Meetings::new(&process, is_shared);
                let path = process.path(&mut random);
                let mut rival_path = meetings.second.path(&mut random);
                if is_shared {
                    // in the same states
                    let (own, rival) = (process.actions, meetings.second.actions);
                    let both = rival_path.iter_mut().zip(&path);
                    both.for_each(|(rival_pair, pair)| {
                        *rival_pair = pair / own * rival + *rival_pair % rival
                    });
                }
                let gap = instances % 3;
                let rows = (meetings.rows * instances) as usize;
                let counts: Vec<u32> = (0..rows).map(|_| random.below(9)).collect();
                let bindings = Bindings {
                    meetings: CaseBinding::ints(&meetings.words),
                    path: CaseBinding::ints(&path),
                    rival_path: CaseBinding::ints(&rival_path),
                    rewards: CaseBinding::floats(&entries_of(&mut random, gap + layers * (instances + gap))),
                    counts: CaseBinding::ints(&counts),
                    means: CaseBinding::floats(&entries_of(&mut random, meetings.rows * instances)),
                };
                let params = Params { instances, layers, rewards_base: gap, rewards_stride: instances + gap };
                let name = format!("{}, shared_states={is_shared}", process.name());
                let case = Case::new(name, [0], &params, bindings, process.groups());
                let bytes = u64::from(instances) * u64::from(layers) * 28;
                if instances > 1000 && !is_shared { case.bench(bytes, 0) } else { case }
            });
            Vec::from(cases)
        })
        .collect()
}
