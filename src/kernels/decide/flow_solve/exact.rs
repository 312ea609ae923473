//! Twin of `flow_exact.wgsl`.

use super::twin::{Lanes, Task, Weights};
use crate::cpu::powers::log_2;
use crate::kernels::decide::lanes;
use crate::kernels::decide::places::Places;

/// Moves that are the model's.
pub(super) struct Exact;

impl Weights for Exact {
    fn rows(places: Places<'_>, layers: usize) -> [usize; 2] {
        [places.first_pair(layers), 0]
    }

    #[inline(always)]
    fn begin(task: &mut Task<'_>) {
        for k in 0..task.p.layers as usize {
            let next = task.places.states(k + 1);
            let even = task.even(k);
            for pair in 0..task.places.pairs(k) {
                let at = task.places.first_pair(k) + pair;
                let mut sums = lanes(task.row(task.price, at));
                let last = task.last(at);
                let first = task.places.first_move(k) + pair * next;
                for moved in first..first + next {
                    let model = task.row(task.model, moved);
                    for ((sum, reached), last) in sums.iter_mut().zip(model).zip(&last) {
                        // the logarithm of zero would be of no use, and is not taken
                        let some = if *reached > 0.0 { *reached } else { 1.0 };
                        let anchor = log_2(last * reached + even);
                        *sum += if *reached > 0.0 { reached * (anchor - log_2(some)) } else { 0.0 };
                    }
                }
                let width = task.block.len();
                task.work.row(at).copy_from_slice(&sums[..width]);
            }
        }
    }

    #[inline(always)]
    fn share<'a>(task: &'a mut Task<'_>, moved: usize) -> &'a [f32] {
        task.row(task.model, moved)
    }

    #[inline(always)]
    fn weight(task: &mut Task<'_>, k: usize, pair: usize) -> Lanes {
        let next = task.places.states(k + 1);
        let mut sums = lanes(task.work.row(task.places.first_pair(k) + pair));
        for y in 0..next {
            let model = task.row(task.model, task.places.first_move(k) + pair * next + y);
            let potentials = task.potentials.row(task.places.first_state(k + 1) + y);
            for ((sum, reached), potential) in sums.iter_mut().zip(model).zip(potentials.iter()) {
                *sum += reached * potential;
            }
        }
        sums
    }
}
