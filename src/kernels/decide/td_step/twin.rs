//! Twin of `td_step.wgsl`.

use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::cpu::powers::tanh_exact;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::{BLOCK, blocks, columns};
use crate::kernels::td_step::{Params, TANH, View};

/// A number for each instance of a block.
type Lanes = [f32; BLOCK];

/// Which entries: after the step, before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Point {
    New,
    Old,
}

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
        let fresh = self.told::<IS_TANH>(Point::New);
        let before = (p.is_reduced == 1).then(|| self.told::<IS_TANH>(Point::Old));
        for block in 0..if IS_TANH { p.units as usize } else { 1 } {
            let slope = self.slopes::<IS_TANH>(block, Point::New, &fresh);
            let stood = before.as_ref().map(|told| self.slopes::<IS_TANH>(block, Point::Old, told));
            for f in 0..p.features as usize {
                let [x, y] = self.features(f);
                let of = |slope: &Slopes| {
                    let mut gradient = [[0.0f32; BLOCK]; 2];
                    for i in 0..BLOCK {
                        gradient[0][i] = slope.here[i] * x[i] + slope.there[i] * y[i];
                        gradient[1][i] = slope.dual[i] * x[i];
                    }
                    gradient
                };
                let at = block * p.features as usize + f;
                self.update(at, &of(&slope), stood.as_ref().map(of).as_ref());
            }
        }
        if IS_TANH {
            for unit in 0..p.units as usize {
                let gradient = self.output_gradient(unit, Point::New, &fresh);
                let stood = before.as_ref().map(|told| self.output_gradient(unit, Point::Old, told));
                self.update(self.output(unit), &gradient, stood.as_ref());
            }
        }
    }

    /// Of the state and of the next one.
    #[inline(always)]
    fn features(&self, f: usize) -> [Lanes; 2] {
        let p = self.p;
        let row = |matrix: &[f32], base: u32, stride: u32| {
            let mut row = [0.0f32; BLOCK];
            let from = &matrix[base as usize + f * stride as usize..][self.block.clone()];
            row[..from.len()].copy_from_slice(from);
            row
        };
        [row(self.now, p.now_base, p.now_stride), row(self.next, p.next_base, p.next_stride)]
    }

    #[inline(always)]
    fn theta_at(&mut self, at: usize, point: Point) -> Lanes {
        let rate = if point == Point::New { self.p.rate } else { 0.0 };
        let mut values = [0.0f32; BLOCK];
        let own = self.theta.row(at).iter().zip(self.means.row(at).iter());
        values.iter_mut().zip(own).for_each(|(value, (own, mean))| *value = own - rate * mean);
        values
    }

    #[inline(always)]
    fn omega_at(&mut self, at: usize, point: Point) -> Lanes {
        let rate = if point == Point::New { self.p.dual_rate } else { 0.0 };
        let mut values = [0.0f32; BLOCK];
        let dual = self.p.entries as usize + at;
        let own = self.omega.row(at).iter().zip(self.means.row(dual).iter());
        values.iter_mut().zip(own).for_each(|(value, (own, mean))| *value = own + rate * mean);
        values
    }

    #[inline(always)]
    fn told<const IS_TANH: bool>(&mut self, point: Point) -> Told {
        let [value, later, along] = if IS_TANH { self.sums_of_units(point) } else { self.linear(0, point) };
        let mut error = [0.0f32; BLOCK];
        let gains = &self.reward[self.p.reward_base as usize..][self.block.clone()];
        for (i, gain) in gains.iter().enumerate() {
            error[i] = gain + self.p.discount * later[i] - value[i] - along[i];
        }
        Told { error, along }
    }

    /// Weighted sums of the features with the entries from `first` on: of the state by theta, of the next one, and
    /// of the state by omega.
    #[inline(always)]
    fn linear(&mut self, first: usize, point: Point) -> [Lanes; 3] {
        let mut sums = [[0.0f32; BLOCK]; 3];
        for f in 0..self.p.features as usize {
            let [x, y] = self.features(f);
            let (own, dual) = (self.theta_at(first + f, point), self.omega_at(first + f, point));
            for i in 0..BLOCK {
                sums[0][i] += own[i] * x[i];
                sums[1][i] += own[i] * y[i];
                sums[2][i] += dual[i] * x[i];
            }
        }
        sums
    }

    fn output(&self, unit: usize) -> usize {
        (self.p.units * self.p.features) as usize + unit
    }

    /// The row of what is kept of a unit.
    #[inline(always)]
    fn hidden(&mut self, unit: usize, which: usize, point: Point) -> &mut [f32] {
        self.hidden.row((unit * 2 + usize::from(point == Point::Old)) * 3 + which)
    }

    #[inline(always)]
    fn kept(&mut self, unit: usize, point: Point) -> [Lanes; 3] {
        let mut kept = [[0.0f32; BLOCK]; 3];
        for (which, kept) in kept.iter_mut().enumerate() {
            let row = self.hidden(unit, which, point);
            kept[..row.len()].copy_from_slice(row);
        }
        kept
    }

    #[inline(always)]
    fn sums_of_units(&mut self, point: Point) -> [Lanes; 3] {
        let mut sums = [[0.0f32; BLOCK]; 3];
        for unit in 0..self.p.units as usize {
            let [mut here, mut there, part] = self.linear(unit * self.p.features as usize, point);
            here.iter_mut().chain(&mut there).for_each(|value| *value = tanh_exact(*value));
            for (which, values) in [&here, &there, &part].into_iter().enumerate() {
                let row = self.hidden(unit, which, point);
                row.copy_from_slice(&values[..row.len()]);
            }
            let at = self.output(unit);
            let (output, dual) = (self.theta_at(at, point), self.omega_at(at, point));
            for i in 0..BLOCK {
                sums[0][i] += output[i] * here[i];
                sums[1][i] += output[i] * there[i];
                sums[2][i] += dual[i] * here[i];
                sums[2][i] += output[i] * (1.0 - here[i] * here[i]) * part[i];
            }
        }
        sums
    }

    #[inline(always)]
    fn slopes<const IS_TANH: bool>(&mut self, unit: usize, point: Point, told: &Told) -> Slopes {
        let discount = self.p.discount;
        if !IS_TANH {
            let here = told.along.map(|along| -along);
            return Slopes { here, there: told.along.map(|along| discount * along), dual: told.error };
        }
        let [here, there, part] = self.kept(unit, point);
        let at = self.output(unit);
        let (output, dual) = (self.theta_at(at, point), self.omega_at(at, point));
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
    fn output_gradient(&mut self, unit: usize, point: Point, told: &Told) -> [Lanes; 2] {
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
    fn update(&mut self, at: usize, fresh: &[Lanes; 2], before: Option<&[Lanes; 2]>) {
        let p = self.p;
        let moved = [self.theta_at(at, Point::New), self.omega_at(at, Point::New)];
        for dual in [0, 1] {
            let ridge = if dual == 1 { p.ridge } else { 0.0 };
            let entries = if dual == 1 { &mut self.omega } else { &mut self.theta };
            let means = self.means.row(at + dual * p.entries as usize);
            for (i, (own, mean)) in entries.row(at).iter_mut().zip(means).enumerate() {
                let gained = p.gain * (fresh[dual][i] - ridge * moved[dual][i]);
                *mean = match before {
                    Some(before) => gained + p.keep * (*mean - (before[dual][i] - ridge * *own)),
                    None => gained + p.keep * *mean,
                };
                *own = moved[dual][i];
            }
        }
    }
}
