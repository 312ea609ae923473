//! Twin of `reach.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{blocks, columns};
use crate::kernels::reach::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let places = Places::new(call.places, p.actions);
    let (policy, model) = (call.policy, call.model);
    let states = columns(call.reached, places.first_state(layers) + 1, instances);
    let occupancies = columns(call.occupancy, places.first_pair(layers), instances);
    parallel::each(states.zip(occupancies).zip(blocks(instances)), &|(
        (mut reached, mut occupancy),
        block,
    )| {
        vectorised(
            #[inline(always)]
            || {
                reached.row(0).fill(1.0);
                for k in 0..layers {
                    let next = places.states(k + 1);
                    (0..next).for_each(|y| reached.row(places.first_state(k + 1) + y).fill(0.0));
                    for pair in 0..places.pairs(k) {
                        let at = places.first_pair(k) + pair;
                        let likely = &policy[at * instances..][block.clone()];
                        let own = reached.row(places.first_state(k) + pair / places.actions);
                        let taken = occupancy.row(at);
                        for ((taken, own), likely) in taken.iter_mut().zip(own.iter()).zip(likely) {
                            *taken = own * likely;
                        }
                        for y in 0..next {
                            let moved = places.first_move(k) + pair * next + y;
                            let moved = &model[moved * instances..][block.clone()];
                            let sums = reached.row(places.first_state(k + 1) + y).iter_mut();
                            for ((sum, taken), moved) in sums.zip(taken.iter()).zip(moved) {
                                *sum += taken * moved;
                            }
                        }
                    }
                }
            },
        );
    });
}
