//! Twin of `policy_step.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{BLOCK, blocks, columns};
use crate::kernels::policy_step::View;

/// A state that is reached less often has no policy.
const LEAST_REACH: f32 = 1e-30;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let places = Places::new(call.places, p.actions);
    let occupancy = call.occupancy;
    let even = 1.0 / p.actions as f32;
    let policies = columns(call.policy, places.first_pair(layers), instances);
    parallel::each(policies.zip(blocks(instances)), &|(mut policy, block)| {
        vectorised(
            #[inline(always)]
            || {
                for pairs in (0..places.first_pair(layers)).step_by(places.actions) {
                    let mut reach = [0.0f32; BLOCK];
                    for pair in pairs..pairs + places.actions {
                        let weights = &occupancy[pair * instances..][block.clone()];
                        reach.iter_mut().zip(weights).for_each(|(reach, weight)| *reach += weight);
                    }
                    for pair in pairs..pairs + places.actions {
                        let weights = &occupancy[pair * instances..][block.clone()];
                        for ((policy, weight), reach) in policy.row(pair).iter_mut().zip(weights).zip(&reach)
                        {
                            *policy = if *reach > LEAST_REACH { weight / reach } else { even };
                        }
                    }
                }
            },
        );
    });
}
