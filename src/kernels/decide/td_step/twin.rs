//! Twin of `td_step.wgsl`.

use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::tanh::tanh_exact;
use crate::kernels::decide::{BLOCK, blocks, columns, lanes, lanes_apart};
use crate::kernels::td_step::{Params, TANH, View};

/// A number for each instance of a block.
type Lanes = [f32; BLOCK];

/// Which entries: after the step, before it.
const NEW: usize = 0;
const OLD: usize = 1;

/// For each instance of a block: delta less the derivative of the value along omega, and that derivative.
struct Told {
    error: Lanes,
    along: Lanes,
}

/// What features of the state and of the next one are multiplied by in the gradient of theta, and of omega.
struct Slopes {
    here: Lanes,
    there: Lanes,
    dual: Lanes,
}

/// A block of instances.
struct Task<'a> {
    p: &'a Params,
    block: Range<usize>,
    now: &'a [f32],
    next: &'a [f32],
    reward: &'a [f32],
    theta: Columns<'a, f32>,
    omega: Columns<'a, f32>,
    means: Columns<'a, f32>,
    hidden: Columns<'a, f32>,
}

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let instances = p.instances as usize;
    let rows = |rows: u32| rows as usize;
    let thetas = columns(call.theta, rows(p.entries), instances);
    let omegas = columns(call.omega, rows(p.entries), instances);
    let means = columns(call.means, rows(2 * p.entries), instances);
    let hiddens = columns(call.hidden, rows(6 * p.units), instances);
    let is_tanh = call.variant == TANH;
    let (now, next, reward) = (call.now, call.next, call.reward);
    let tasks = thetas.zip(omegas).zip(means).zip(hiddens).zip(blocks(instances));
    parallel::each(tasks, &|((((theta, omega), means), hidden), block)| {
        let mut task = Task { p, block, now, next, reward, theta, omega, means, hidden };
        vectorised(
            #[inline(always)]
            || if is_tanh { task.step::<true>() } else { task.step::<false>() },
        );
    });
}

impl Task<'_> {
    #[inline(always)]
    fn step<const IS_TANH: bool>(&mut self) {
        let p = self.p;
        let sums = if IS_TANH { self.sums_of_units() } else { self.weighted(0) };
        let told = sums.map(|sums| self.told(sums));
        for block in 0..if IS_TANH { p.units as usize } else { 1 } {
            let slopes = [NEW, OLD].map(|point| self.slopes::<IS_TANH>(block, point, &told[point]));
            for f in 0..p.features as usize {
                let [x, y] = self.features(f);
                let gradient = |slopes: &Slopes, i: usize| {
                    [slopes.here[i] * x[i] + slopes.there[i] * y[i], slopes.dual[i] * x[i]]
                };
                let of = |i| (gradient(&slopes[NEW], i), gradient(&slopes[OLD], i));
                self.update(block * p.features as usize + f, of);
            }
        }
        if IS_TANH {
            for unit in 0..p.units as usize {
                let gradients = [NEW, OLD].map(|point| self.output_gradient(unit, point, &told[point]));
                let of = |i: usize| {
                    let at = |point: usize| [gradients[point][0][i], gradients[point][1][i]];
                    (at(NEW), at(OLD))
                };
                self.update(self.output(unit), of);
            }
        }
    }

    /// Of the state and of the next one.
    #[inline(always)]
    fn features(&self, f: usize) -> [Lanes; 2] {
        let p = self.p;
        let of = |matrix: &[f32], [base, stride, step]: [u32; 3]| {
            lanes_apart(&matrix[base as usize + f * stride as usize..], step as usize, &self.block)
        };
        [
            of(self.now, [p.now_base, p.now_stride, p.now_step]),
            of(self.next, [p.next_base, p.next_stride, p.next_step]),
        ]
    }

    #[inline(always)]
    fn told(&self, [value, later, along]: [Lanes; 3]) -> Told {
        let mut error = [0.0f32; BLOCK];
        let gains = &self.reward[self.p.reward_base as usize..][self.block.clone()];
        for (i, gain) in gains.iter().enumerate() {
            error[i] = gain + self.p.discount * later[i] - value[i] - along[i];
        }
        Told { error, along }
    }

    /// An entry of theta and of omega, after the step and before it.
    #[inline(always)]
    fn entry(&mut self, at: usize) -> [[Lanes; 2]; 2] {
        let (rate, dual_rate) = (self.p.rate, self.p.dual_rate);
        let (theta, omega) = (lanes(self.theta.row(at)), lanes(self.omega.row(at)));
        let mean = lanes(self.means.row(at));
        let dual = lanes(self.means.row(self.p.entries as usize + at));
        let mut moved = [theta, omega];
        for i in 0..BLOCK {
            moved[0][i] = theta[i] - rate * mean[i];
            moved[1][i] = omega[i] + dual_rate * dual[i];
        }
        [moved, [theta, omega]]
    }

    /// Weighted sums of the features with the entries from `first` on, after the step and before it: of the
    /// state by theta, of the next one, and of the state by omega.
    #[inline(always)]
    fn weighted(&mut self, first: usize) -> [[Lanes; 3]; 2] {
        let mut sums = [[[0.0f32; BLOCK]; 3]; 2];
        let points = if self.p.is_reduced == 1 { 2 } else { 1 };
        for f in 0..self.p.features as usize {
            let [x, y] = self.features(f);
            let entry = self.entry(first + f);
            for ([own, dual], sums) in entry.iter().zip(&mut sums).take(points) {
                for i in 0..BLOCK {
                    sums[0][i] += own[i] * x[i];
                    sums[1][i] += own[i] * y[i];
                    sums[2][i] += dual[i] * x[i];
                }
            }
        }
        sums
    }

    fn output(&self, unit: usize) -> usize {
        (self.p.units * self.p.features) as usize + unit
    }

    /// The row of what is kept of a unit.
    #[inline(always)]
    fn hidden(&mut self, unit: usize, which: usize, point: usize) -> &mut [f32] {
        self.hidden.row((unit * 2 + point) * 3 + which)
    }

    #[inline(always)]
    fn kept(&mut self, unit: usize, point: usize) -> [Lanes; 3] {
        [0, 1, 2].map(|which| lanes(self.hidden(unit, which, point)))
    }

    #[inline(always)]
    fn sums_of_units(&mut self) -> [[Lanes; 3]; 2] {
        let mut sums = [[[0.0f32; BLOCK]; 3]; 2];
        let points = if self.p.is_reduced == 1 { 2 } else { 1 };
        for unit in 0..self.p.units as usize {
            let weighted = self.weighted(unit * self.p.features as usize);
            let entry = self.entry(self.output(unit));
            for point in 0..points {
                let [mut here, mut there, part] = weighted[point];
                here.iter_mut().chain(&mut there).for_each(|value| *value = tanh_exact(*value));
                for (which, values) in [&here, &there, &part].into_iter().enumerate() {
                    let row = self.hidden(unit, which, point);
                    row.copy_from_slice(&values[..row.len()]);
                }
                let ([output, dual], sums) = (&entry[point], &mut sums[point]);
                for i in 0..BLOCK {
                    sums[0][i] += output[i] * here[i];
                    sums[1][i] += output[i] * there[i];
                    sums[2][i] += dual[i] * here[i];
                    sums[2][i] += output[i] * (1.0 - here[i] * here[i]) * part[i];
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn slopes<const IS_TANH: bool>(&mut self, unit: usize, point: usize, told: &Told) -> Slopes {
        let discount = self.p.discount;
        if !IS_TANH {
            let here = told.along.map(|along| -along);
            return Slopes { here, there: told.along.map(|along| discount * along), dual: told.error };
        }
        let [here, there, part] = self.kept(unit, point);
        let [output, dual] = self.entry(self.output(unit))[point];
        let mut slopes = Slopes { here: [0.0; BLOCK], there: [0.0; BLOCK], dual: [0.0; BLOCK] };
        for i in 0..BLOCK {
            let slope = 1.0 - here[i] * here[i];
            // the second derivatives times omega, but for the slope
            let bend = dual[i] - 2.0 * output[i] * here[i] * part[i];
            slopes.here[i] = slope * (told.error[i] * bend - told.along[i] * output[i]);
            slopes.there[i] = discount * told.along[i] * output[i] * (1.0 - there[i] * there[i]);
            slopes.dual[i] = told.error[i] * output[i] * slope;
        }
        slopes
    }

    /// The gradients of a unit's weight.
    #[inline(always)]
    fn output_gradient(&mut self, unit: usize, point: usize, told: &Told) -> [Lanes; 2] {
        let [here, there, part] = self.kept(unit, point);
        let mut gradient = [[0.0f32; BLOCK]; 2];
        for i in 0..BLOCK {
            gradient[0][i] = told.along[i] * (self.p.discount * there[i] - here[i])
                + told.error[i] * (1.0 - here[i] * here[i]) * part[i];
            gradient[1][i] = told.error[i] * here[i];
        }
        gradient
    }

    /// Takes the gradients of an entry in: those of theta and of omega, after the step and before it.
    #[inline(always)]
    fn update(&mut self, at: usize, gradients: impl Fn(usize) -> ([f32; 2], [f32; 2])) {
        let p = self.p;
        let [moved, stood] = self.entry(at);
        let mut means = [lanes(self.means.row(at)), lanes(self.means.row(at + p.entries as usize))];
        let ridge = [0.0, p.ridge];
        for i in 0..BLOCK {
            let (fresh, before) = gradients(i);
            for dual in [0, 1] {
                let gained = p.gain * (fresh[dual] - ridge[dual] * moved[dual][i]);
                let mean = means[dual][i];
                let corrected = mean - (before[dual] - ridge[dual] * stood[dual][i]);
                means[dual][i] = gained + p.keep * if p.is_reduced == 1 { corrected } else { mean };
            }
        }
        let width = self.block.len();
        self.theta.row(at).copy_from_slice(&moved[0][..width]);
        self.omega.row(at).copy_from_slice(&moved[1][..width]);
        self.means.row(at).copy_from_slice(&means[0][..width]);
        self.means.row(at + p.entries as usize).copy_from_slice(&means[1][..width]);
    }
}
