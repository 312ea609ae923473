//! The cases of `game_payoff`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{Meetings, Process, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(101);
    let mut all = Vec::new();
    for process in Process::all() {
        for (side, is_shared, bonus) in [(0, false, 0.0), (1, false, -0.1), (0, true, 0.1), (1, true, 0.0)] {
            let meetings = Meetings::new(&process, is_shared);
            let sides = [&process, &meetings.second];
            let (own, rival) = (sides[side], sides[1 - side]);
            let instances = process.instances;
            let (gap, rows) = (instances % 3, meetings.rows);
            let counts: Vec<u32> = (0..rows * instances).map(|_| random.below(9)).collect();
            // rewards that are known lie anywhere
            let (rewards_base, rewards_stride) =
                if bonus == 0.0 { (gap, instances + gap) } else { (0, instances) };
            let bindings = Bindings {
                places: own.places(),
                rival_places: rival.places(),
                meetings: CaseBinding::ints(&meetings.words),
                rewards: CaseBinding::floats(&entries_of(&mut random, rewards_base + rows * rewards_stride)),
                counts: CaseBinding::ints(&counts),
                weights: CaseBinding::floats(&rival.policy(&mut random)),
                payoff: CaseBinding::poisoned((own.pairs * instances) as usize),
            };
            let params = Params {
                instances,
                pairs: own.pairs,
                actions: own.actions,
                rival_actions: rival.actions,
                side: u32::from(side == 1),
                shared_states: u32::from(is_shared),
                rewards_base,
                rewards_stride,
                bonus,
            };
            let name = format!("{}, side={side} shared_states={is_shared} bonus={bonus}", process.name());
            let case = Case::new(name, [0], &params, bindings, (own.pairs * instances).div_ceil(64));
            let bytes = u64::from(instances) * u64::from(rows + own.pairs + rival.pairs) * 4;
            let is_benched = instances > 1000 && bonus == 0.0 && !is_shared;
            all.push(if is_benched { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
