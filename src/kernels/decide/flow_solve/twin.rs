//! Twin of `flow_solve.wgsl`.

use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::cpu::powers::{exp_2_or_zero, log_2};
use crate::cpu::simd::vectorised;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{BLOCK, blocks, columns};
use crate::kernels::flow_solve::{Params, View};

/// What is less is nothing: a state that the model does not reach, whose potential may grow.
const LEAST: f32 = 7.888_609e-31;

/// A number for each instance of a block.
type Lanes = [f32; BLOCK];

/// A block of instances.
struct Task<'a> {
    p: &'a Params,
    places: Places<'a>,
    block: Range<usize>,
    price: &'a [f32],
    model: &'a [f32],
    anchor: &'a [f32],
    base: Columns<'a, f32>,
    potentials: Columns<'a, f32>,
    occupancy: Columns<'a, f32>,
}

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let places = Places::new(call.places, p.actions);
    let pairs = places.first_pair(layers);
    let bases = columns(call.base, pairs, instances);
    let potentials = columns(call.potentials, places.first_state(layers) + 2, instances);
    let occupancies = columns(call.occupancy, pairs, instances);
    let (price, model, anchor) = (call.price, call.model, call.anchor);
    let tasks = bases.zip(potentials).zip(occupancies).zip(blocks(instances));
    parallel::each(tasks, &|(((base, potentials), occupancy), block)| {
        let mut task = Task { p, places, block, price, model, anchor, base, potentials, occupancy };
        vectorised(
            #[inline(always)]
            || task.run(),
        );
    });
}

impl Task<'_> {
    /// Values of a row of a matrix that is only read.
    #[inline(always)]
    fn row<'a>(&self, matrix: &'a [f32], row: usize) -> &'a [f32] {
        &matrix[row * self.p.instances as usize..][self.block.clone()]
    }

    #[inline(always)]
    fn run(&mut self) {
        let layers = self.p.layers as usize;
        let left = self.places.first_state(layers) + 1;
        // instances that are done stay as they are, whatever their neighbours still need
        let mut active = [true; BLOCK];
        if self.p.first == 1 {
            self.begin();
        } else {
            for (active, left) in active.iter_mut().zip(self.potentials.row(left).iter()) {
                *active = *left > self.p.tolerance;
            }
        }
        let width = self.block.len();
        active[width..].fill(false);
        let begun = active;
        for _ in 0..self.p.sweeps {
            if !active.contains(&true) {
                break;
            }
            let mut residual = [0.0f32; BLOCK];
            for k in 1..layers {
                self.balance(k, &active, &mut residual);
            }
            for ((active, left), residual) in active.iter_mut().zip(self.potentials.row(left)).zip(residual) {
                if *active {
                    *left = residual;
                    *active = residual > self.p.tolerance;
                }
            }
        }
        for k in 0..layers {
            let total = self.weigh(k, &begun);
            for pair in self.places.first_pair(k)..self.places.first_pair(k + 1) {
                let weights = self.occupancy.row(pair).iter_mut().zip(&total).zip(&begun);
                weights.filter(|(_, begun)| **begun).for_each(|((weight, total), _)| *weight /= total);
            }
        }
    }

    #[inline(always)]
    fn begin(&mut self) {
        for k in 0..self.p.layers as usize {
            let next = self.places.states(k + 1);
            for pair in 0..self.places.pairs(k) {
                let at = self.places.first_pair(k) + pair;
                let mut sums = [0.0f32; BLOCK];
                sums[..self.block.len()].copy_from_slice(self.row(self.price, at));
                let first = self.places.first_move(k) + pair * next;
                for moved in first..first + next {
                    let [model, anchor] = [self.model, self.anchor].map(|matrix| self.row(matrix, moved));
                    for ((sum, reached), anchor) in sums.iter_mut().zip(model).zip(anchor) {
                        // the logarithm of zero would be of no use, and is not taken
                        let some = if *reached > 0.0 { *reached } else { 1.0 };
                        *sum += if *reached > 0.0 { reached * (log_2(*anchor) - log_2(some)) } else { 0.0 };
                    }
                }
                let width = self.block.len();
                self.base.row(at).copy_from_slice(&sums[..width]);
            }
        }
    }

    /// Weights of a layer's pairs, where `active`, and their sums.
    #[inline(always)]
    fn weigh(&mut self, k: usize, active: &[bool; BLOCK]) -> Lanes {
        let (places, width) = (self.places, self.block.len());
        let next = places.states(k + 1);
        let mut most = [-3.4e38f32; BLOCK];
        for pair in 0..places.pairs(k) {
            let at = places.first_pair(k) + pair;
            let mut sums = [0.0f32; BLOCK];
            sums[..width].copy_from_slice(self.base.row(at));
            let own = self.potentials.row(places.first_state(k) + pair / places.actions);
            sums.iter_mut().zip(own.iter()).for_each(|(sum, own)| *sum -= own);
            for y in 0..next {
                let model = self.row(self.model, places.first_move(k) + pair * next + y);
                let potentials = self.potentials.row(places.first_state(k + 1) + y);
                for ((sum, reached), potential) in sums.iter_mut().zip(model).zip(potentials.iter()) {
                    *sum += reached * potential;
                }
            }
            most.iter_mut().zip(&sums).for_each(|(most, sum)| *most = most.max(*sum));
            let weights = self.occupancy.row(at).iter_mut().zip(&sums).zip(active);
            weights.filter(|(_, active)| **active).for_each(|((weight, sum), _)| *weight = *sum);
        }
        let mut totals = [0.0f32; BLOCK];
        for pair in places.first_pair(k)..places.first_pair(k + 1) {
            let weights = self.occupancy.row(pair).iter_mut().zip(&most).zip(&mut totals).zip(active);
            for (((weight, most), total), active) in weights {
                let scaled = if *active { exp_2_or_zero(*weight - most) } else { *weight };
                *weight = scaled;
                *total += scaled;
            }
        }
        totals
    }

    /// Balances the states of a layer where `active`, and raises the residual to what was found.
    #[inline(always)]
    fn balance(&mut self, k: usize, active: &[bool; BLOCK], residual: &mut Lanes) {
        let places = self.places;
        let came = self.weigh(k - 1, active);
        let went = self.weigh(k, active);
        let states = places.states(k);
        for state in 0..states {
            let (mut inflow, mut outflow) = ([0.0f32; BLOCK], [0.0f32; BLOCK]);
            for pair in 0..places.pairs(k - 1) {
                let model = self.row(self.model, places.first_move(k - 1) + pair * states + state);
                let weights = self.occupancy.row(places.first_pair(k - 1) + pair);
                for ((inflow, weight), reached) in inflow.iter_mut().zip(weights.iter()).zip(model) {
                    *inflow += weight * reached;
                }
            }
            for action in 0..places.actions {
                let weights = self.occupancy.row(places.first_pair(k) + state * places.actions + action);
                outflow.iter_mut().zip(weights.iter()).for_each(|(outflow, weight)| *outflow += weight);
            }
            for i in 0..self.block.len() {
                let (inflow, outflow) = (inflow[i] / came[i], outflow[i] / went[i]);
                residual[i] = residual[i].max((inflow - outflow).abs());
                let step = 0.5 * (log_2(outflow.max(LEAST)) - log_2(inflow.max(LEAST)));
                let potential = &mut self.potentials.row(places.first_state(k) + state)[i];
                *potential = if active[i] { *potential + step } else { *potential };
            }
        }
    }
}
