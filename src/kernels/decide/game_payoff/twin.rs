//! Twin of `game_payoff.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{blocks, columns};
use crate::kernels::game_payoff::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, pairs) = (p.instances as usize, p.pairs as usize);
    let is_shared = p.shared_states == 1;
    let own = Places::new(call.places, p.actions);
    let rival = Places::new(call.rival_places, p.rival_actions);
    let row = |matrix: usize, block: &std::ops::Range<usize>| {
        matrix * instances + block.start..matrix * instances + block.end
    };
    let payoffs = columns(call.payoff, pairs, instances);
    parallel::each(payoffs.zip(blocks(instances)), &|(mut payoff, block)| {
        vectorised(
            #[inline(always)]
            || {
                let mut k = 0;
                for at in 0..pairs {
                    while at >= own.first_pair(k + 1) {
                        k += 1;
                    }
                    let pair = at - own.first_pair(k);
                    let [begin, width] = [2 * k, 2 * k + 1].map(|word| call.meetings[word] as usize);
                    let first = if is_shared { pair / own.actions * rival.actions } else { 0 };
                    let count = if is_shared { rival.actions } else { rival.pairs(k) };
                    let (mut met, step) = match (p.side, is_shared) {
                        (0, _) => (begin + pair * width, 1),
                        (_, false) => (begin + pair, width),
                        (_, true) => (begin + first * width + pair % own.actions, width),
                    };
                    let sums = payoff.row(at);
                    sums.fill(0.0);
                    for i in 0..count {
                        let base = p.rewards_base as usize + met * p.rewards_stride as usize;
                        let rewards = &call.rewards[base..][block.clone()];
                        let weights = &call.weights[row(rival.first_pair(k) + first + i, &block)];
                        let terms = sums.iter_mut().zip(weights).zip(rewards);
                        if p.bonus == 0.0 {
                            terms.for_each(|((sum, weight), reward)| *sum += weight * reward);
                        } else {
                            let counts = &call.counts[row(met, &block)];
                            for (((sum, weight), reward), count) in terms.zip(counts) {
                                *sum += weight * (reward + p.bonus / ((*count).max(1) as f32).sqrt());
                            }
                        }
                        met += step;
                    }
                    sums.iter_mut().for_each(|sum| *sum = sum.clamp(0.0, 1.0));
                }
            },
        );
    });
}
