//! Twin of `variation_step.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::{BLOCK, blocks, columns, rates};
use crate::kernels::mirror_step::SIMPLEX;
use crate::kernels::variation_step::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let [instances, entries, constraints] = [p.instances, p.entries, p.constraints].map(|n| n as usize);
    let gradient = &call.gradient[p.gradient_base as usize..];
    let on_simplex = call.variant == SIMPLEX;
    let last = columns(call.last, entries, instances);
    let all_rates = columns(call.rates, rates::COUNT, instances);
    let queues = columns(call.queues, constraints, instances);
    let tasks = last.zip(all_rates).zip(queues).zip(blocks(instances));
    parallel::each(tasks, &|(((mut last, mut rates), mut queues), block)| {
        let mut changes = [0.0f32; BLOCK];
        vectorised(
            #[inline(always)]
            || {
                for entry in 0..entries {
                    let now = &gradient[entry * p.gradient_stride as usize..][block.clone()];
                    for ((last, now), change) in last.row(entry).iter_mut().zip(now).zip(&mut changes) {
                        let difference = now - *last;
                        let square = difference * difference;
                        *change = if on_simplex { change.max(square) } else { *change + square };
                        *last = *now;
                    }
                }
            },
        );
        for (i, change) in changes[..block.len()].iter().enumerate() {
            let seen = rates.row(rates::SEEN)[i] + change;
            rates.row(rates::SEEN)[i] = seen;
            if seen > rates.row(rates::GUESS)[i] {
                let guess = 2.0 * seen;
                let before = rates.row(rates::WEIGHT)[i];
                let (weight, pull) = weight_and_pull(guess, p.smoothness, rates.row(rates::STEEP)[i]);
                rates.row(rates::GUESS)[i] = guess;
                rates.row(rates::WEIGHT)[i] = weight;
                rates.row(rates::PULL)[i] = pull.max(rates.row(rates::PULL)[i]);
                for k in 0..constraints {
                    queues.row(k)[i] *= before / weight;
                }
            }
        }
    });
}

/// The factor of the constraints (gamma) and how strongly a step is held back (alpha), for losses that vary
/// by `guess`: their smoothness and the bound of the constraints' gradients are squared.
pub(crate) fn weight_and_pull(guess: f32, smoothness: f32, steep: f32) -> (f32, f32) {
    let root = (guess + smoothness + 1.0).sqrt();
    (root.sqrt(), (3.0 * steep + 1.0) * root)
}
