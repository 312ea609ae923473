//! Twin of `backward_dp.wgsl`.

use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::cpu::powers::exp_2_or_zero;
use crate::cpu::simd::vectorised;
use crate::kernels::backward_dp::{Params, View};
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{BLOCK, blocks, columns};

/// A block of instances.
struct Task<'a> {
    p: &'a Params,
    places: Places<'a>,
    block: Range<usize>,
    payoff: &'a [f32],
    model: &'a [f32],
    visits: &'a [u32],
    weights: Columns<'a, f32>,
    policy: Columns<'a, f32>,
    values: Columns<'a, f32>,
}

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let places = Places::new(call.places, p.actions);
    let pairs = places.first_pair(layers);
    let weights = columns(call.weights, pairs, instances);
    let policies = columns(call.policy, pairs, instances);
    let values = columns(call.values, places.first_state(layers) + 1, instances);
    let (payoff, model, visits) = (call.payoff, call.model, call.visits);
    let tasks = weights.zip(policies).zip(values).zip(blocks(instances));
    parallel::each(tasks, &|(((weights, policy), values), block)| {
        let mut task = Task { p, places, block, payoff, model, visits, weights, policy, values };
        vectorised(
            #[inline(always)]
            || {
                for k in (0..layers).rev() {
                    for state in 0..places.states(k) {
                        task.step(k, state);
                    }
                }
            },
        );
    });
}

impl Task<'_> {
    /// Values of a row of a matrix that is only read.
    #[inline(always)]
    fn row<'a, T>(&self, matrix: &'a [T], row: usize) -> &'a [T] {
        &matrix[row * self.p.instances as usize..][self.block.clone()]
    }

    /// What a pair is worth.
    #[inline(always)]
    fn worth(&mut self, k: usize, pair: usize) -> [f32; BLOCK] {
        let (p, places) = (self.p, self.places);
        let (at, left, next) = (places.first_pair(k) + pair, p.layers as usize - k, places.states(k + 1));
        let mut worth = [0.0f32; BLOCK];
        worth[..self.block.len()].copy_from_slice(self.row(self.payoff, at));
        if p.moves == 0 || left == 1 {
            return worth;
        }
        for y in 0..next {
            let moved = self.row(self.model, places.first_move(k) + pair * next + y);
            let values = self.values.row(places.first_state(k + 1) + y);
            for ((worth, moved), value) in worth.iter_mut().zip(moved).zip(values.iter()) {
                *worth += moved * value;
            }
        }
        for (worth, visits) in worth.iter_mut().zip(self.row(self.visits, at)) {
            *worth += p.bonus * (next as f32 / (*visits).max(1) as f32).sqrt();
            *worth = worth.clamp(0.0, left as f32);
        }
        worth
    }

    #[inline(always)]
    fn step(&mut self, k: usize, state: usize) {
        let (p, actions) = (self.p, self.places.actions);
        let first = self.places.first_pair(k) + state * actions;
        let (mut value, mut most) = ([0.0f32; BLOCK], [-3.4e38f32; BLOCK]);
        for action in 0..actions {
            let worth = self.worth(k, state * actions + action);
            let policy = self.policy.row(first + action);
            for ((value, policy), worth) in value.iter_mut().zip(policy.iter()).zip(&worth) {
                *value += policy * worth;
            }
            let weights = self.weights.row(first + action);
            for ((weight, worth), most) in weights.iter_mut().zip(&worth).zip(&mut most) {
                *weight += p.rate * worth;
                *most = most.max(*weight);
            }
        }
        let width = self.block.len();
        self.values.row(self.places.first_state(k) + state).copy_from_slice(&value[..width]);
        let mut total = [0.0f32; BLOCK];
        for pair in first..first + actions {
            let weights = self.weights.row(pair).iter_mut().zip(&most);
            for (((weight, most), policy), total) in weights.zip(self.policy.row(pair)).zip(&mut total) {
                *weight -= most;
                *policy = exp_2_or_zero(*weight);
                *total += *policy;
            }
        }
        for pair in first..first + actions {
            self.policy.row(pair).iter_mut().zip(&total).for_each(|(policy, total)| *policy /= total);
        }
    }
}
