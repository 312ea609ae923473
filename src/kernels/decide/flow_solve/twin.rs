//! Twin of `flow_solve.wgsl`.

use std::ops::Range;

use super::exact::Exact;
use super::within::Within;
use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::cpu::powers::{exp_2_or_zero, log_2};
use crate::cpu::simd::vectorised;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{BLOCK, blocks, columns, lanes};
use crate::kernels::flow_solve::{Params, View, WITHIN};

/// What is less is nothing: a state that the model does not reach, whose potential may grow.
const LEAST: f32 = 7.888_609e-31;

/// A number for each instance of a block.
pub(super) type Lanes = [f32; BLOCK];

/// How the weight of a pair follows from the potentials.
pub(super) trait Weights {
    /// Rows of `work` and of `chosen`.
    fn rows(places: Places<'_>, layers: usize) -> [usize; 2];
    fn begin(task: &mut Task<'_>);
    /// How likely a move is.
    fn share<'a>(task: &'a mut Task<'_>, moved: usize) -> &'a [f32];
    /// The logarithms of a pair's weights, but for the potentials of its own state.
    fn weight(task: &mut Task<'_>, k: usize, pair: usize) -> Lanes;
}

/// A block of instances.
pub(super) struct Task<'a> {
    pub(super) p: &'a Params,
    pub(super) places: Places<'a>,
    pub(super) block: Range<usize>,
    pub(super) price: &'a [f32],
    pub(super) model: &'a [f32],
    pub(super) work: Columns<'a, f32>,
    pub(super) chosen: Columns<'a, f32>,
    pub(super) potentials: Columns<'a, f32>,
    occupancy: Columns<'a, f32>,
    /// Instances that are done stay as they are, whatever their neighbours still need.
    pub(super) active: [bool; BLOCK],
}

pub(crate) fn run(call: View<'_>) {
    if call.variant == WITHIN { solve::<Within>(call) } else { solve::<Exact>(call) }
}

fn solve<W: Weights>(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let places = Places::new(call.places, p.actions);
    let pairs = places.first_pair(layers);
    let [work, chosen] = W::rows(places, layers);
    let works = columns(call.work, work, instances);
    let chosen = columns(call.chosen, chosen, instances);
    let potentials = columns(call.potentials, places.first_state(layers) + 2, instances);
    let occupancies = columns(call.occupancy, pairs, instances);
    let (price, model) = (call.price, call.model);
    let tasks = works.zip(chosen).zip(potentials).zip(occupancies).zip(blocks(instances));
    parallel::each(tasks, &|((((work, chosen), potentials), occupancy), block)| {
        let mut task = Task {
            p,
            places,
            block,
            price,
            model,
            work,
            chosen,
            potentials,
            occupancy,
            active: [true; BLOCK],
        };
        vectorised(
            #[inline(always)]
            || task.run::<W>(),
        );
    });
}

impl Task<'_> {
    /// Values of a row of a matrix that is only read.
    #[inline(always)]
    pub(super) fn row<'a>(&self, matrix: &'a [f32], row: usize) -> &'a [f32] {
        &matrix[row * self.p.instances as usize..][self.block.clone()]
    }

    /// The last occupancies of a pair, as far as they are of the anchor.
    #[inline(always)]
    pub(super) fn last(&mut self, at: usize) -> Lanes {
        let mut last = [0.0f32; BLOCK];
        let mix = self.p.mix;
        last.iter_mut().zip(self.occupancy.row(at).iter()).for_each(|(last, own)| *last = (1.0 - mix) * own);
        last
    }

    /// What the anchor has of a layer's uniform occupancies.
    #[inline(always)]
    pub(super) fn even(&self, k: usize) -> f32 {
        self.p.mix / (self.places.pairs(k) * self.places.states(k + 1)) as f32
    }

    #[inline(always)]
    fn run<W: Weights>(&mut self) {
        let layers = self.p.layers as usize;
        let left = self.places.first_state(layers) + 1;
        if self.p.first == 1 {
            W::begin(self);
        } else {
            for (active, left) in self.active.iter_mut().zip(self.potentials.row(left).iter()) {
                *active = *left > self.p.tolerance;
            }
        }
        self.active[self.block.len()..].fill(false);
        let begun = self.active;
        for _ in 0..self.p.sweeps {
            if !self.active.contains(&true) {
                break;
            }
            let mut residual = [0.0f32; BLOCK];
            let mut came = self.weigh::<W>(0);
            for k in 1..layers {
                came = self.balance::<W>(k, &came, &mut residual);
            }
            let lefts = self.potentials.row(left).iter_mut().zip(residual);
            for (active, (left, residual)) in self.active.iter_mut().zip(lefts) {
                if *active {
                    *left = residual;
                    *active = residual > self.p.tolerance;
                }
            }
        }
        self.active = begun;
        for k in 0..layers {
            let total = self.weigh::<W>(k);
            for pair in self.places.first_pair(k)..self.places.first_pair(k + 1) {
                let weights = self.occupancy.row(pair).iter_mut().zip(&total).zip(&begun);
                weights.filter(|(_, begun)| **begun).for_each(|((weight, total), _)| *weight /= total);
            }
        }
    }

    /// Weights of a layer's pairs, where instances are active, and their sums.
    #[inline(always)]
    fn weigh<W: Weights>(&mut self, k: usize) -> Lanes {
        let places = self.places;
        let mut most = [-3.4e38f32; BLOCK];
        for pair in 0..places.pairs(k) {
            let at = places.first_pair(k) + pair;
            let mut sums = W::weight(self, k, pair);
            let own = self.potentials.row(places.first_state(k) + pair / places.actions);
            sums.iter_mut().zip(own.iter()).for_each(|(sum, own)| *sum -= own);
            most.iter_mut().zip(&sums).for_each(|(most, sum)| *most = most.max(*sum));
            let weights = self.occupancy.row(at).iter_mut().zip(&sums).zip(&self.active);
            weights.filter(|(_, active)| **active).for_each(|((weight, sum), _)| *weight = *sum);
        }
        let mut totals = [0.0f32; BLOCK];
        for pair in places.first_pair(k)..places.first_pair(k + 1) {
            let weights = self.occupancy.row(pair).iter_mut().zip(&most).zip(&mut totals).zip(&self.active);
            for (((weight, most), total), active) in weights {
                let scaled = if *active { exp_2_or_zero(*weight - most) } else { *weight };
                *weight = scaled;
                *total += scaled;
            }
        }
        totals
    }

    /// Balances the states of a layer where instances are active, of whose predecessor the weights `came` to
    /// sums, and raises the residual to what was found. The sums of the layer's weights with its new potentials.
    #[inline(always)]
    fn balance<W: Weights>(&mut self, k: usize, came: &Lanes, residual: &mut Lanes) -> Lanes {
        let places = self.places;
        let went = self.weigh::<W>(k);
        let states = places.states(k);
        let mut totals = [0.0f32; BLOCK];
        for state in 0..states {
            let (mut inflow, mut outflow) = ([0.0f32; BLOCK], [0.0f32; BLOCK]);
            for pair in 0..places.pairs(k - 1) {
                let weights = lanes(self.occupancy.row(places.first_pair(k - 1) + pair));
                let shares = W::share(self, places.first_move(k - 1) + pair * states + state);
                for ((inflow, weight), share) in inflow.iter_mut().zip(&weights).zip(shares) {
                    *inflow += weight * share;
                }
            }
            let own = places.first_pair(k) + state * places.actions;
            for pair in own..own + places.actions {
                let weights = self.occupancy.row(pair);
                outflow.iter_mut().zip(weights.iter()).for_each(|(outflow, weight)| *outflow += weight);
            }
            let mut scales = [0.0f32; BLOCK];
            let potentials = self.potentials.row(places.first_state(k) + state);
            let flows = inflow.iter().zip(&outflow).zip(came.iter().zip(&went)).zip(&mut scales);
            let lanes = potentials.iter_mut().zip(residual.iter_mut()).zip(&self.active);
            for (((potential, residual), active), (((inflow, outflow), (came, went)), scale)) in
                lanes.zip(flows)
            {
                let (inflow, outflow) = (inflow / came, outflow / went);
                *residual = residual.max((inflow - outflow).abs());
                let ratio = inflow.max(LEAST) / outflow.max(LEAST);
                *potential = if *active { *potential - 0.5 * log_2(ratio) } else { *potential };
                *scale = ratio.sqrt();
            }
            // the potential is taken from the state's own pairs alone
            for pair in own..own + places.actions {
                let weights = self.occupancy.row(pair).iter_mut().zip(&scales).zip(&mut totals);
                for (((weight, scale), total), active) in weights.zip(&self.active) {
                    let scaled = *weight * scale;
                    let scaled = if scaled >= LEAST { scaled } else { 0.0 };
                    *weight = if *active { scaled } else { *weight };
                    *total += scaled;
                }
            }
        }
        totals
    }
}
