//! Twin of `policy_step.wgsl`.

use crate::cpu::parallel;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{BLOCK, blocks, columns};
use crate::kernels::policy_step::View;

/// A state that is reached less often has no policy.
const LEAST_REACH: f32 = 1e-30;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let places = Places::new(call.places, p.actions);
    let (model, occupancy) = (call.model, call.occupancy);
    let anchors = columns(call.anchor, places.first_move(layers), instances);
    let policies = columns(call.policy, places.first_pair(layers), instances);
    let tasks = anchors.zip(policies).zip(blocks(instances));
    parallel::each(tasks, &|((mut anchor, mut policy), block)| {
        for k in 0..layers {
            let next = places.states(k + 1);
            #[allow(clippy::cast_precision_loss, reason = "few moves")]
            let share = p.mix / (places.pairs(k) * next) as f32;
            for state in 0..places.states(k) {
                let pairs = places.first_pair(k) + state * places.actions;
                let mut reach = [0.0f32; BLOCK];
                for pair in pairs..pairs + places.actions {
                    let weights = &occupancy[pair * instances..][block.clone()];
                    reach.iter_mut().zip(weights).for_each(|(reach, weight)| *reach += weight);
                }
                for action in 0..places.actions {
                    let weights = &occupancy[(pairs + action) * instances..][block.clone()];
                    let even = 1.0 / p.actions as f32;
                    for ((policy, weight), reach) in
                        policy.row(pairs + action).iter_mut().zip(weights).zip(&reach)
                    {
                        *policy = if *reach > LEAST_REACH { weight / reach } else { even };
                    }
                    let moves = places.first_move(k) + (state * places.actions + action) * next;
                    for at in moves..moves + next {
                        let model = &model[at * instances..][block.clone()];
                        for ((anchor, weight), model) in anchor.row(at).iter_mut().zip(weights).zip(model) {
                            *anchor = (1.0 - p.mix) * (weight * model) + share;
                        }
                    }
                }
            }
        }
    });
}
