//! Twin of `td_step.wgsl`.

use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::tanh::tanh_exact;
use crate::kernels::decide::{BLOCK, blocks, columns};
use crate::kernels::td_step::{Params, TANH, View};

/// A number for each instance of a block.
type Lanes = [f32; BLOCK];
const ZEROS: Lanes = [0.0; BLOCK];

/// The value of the state and of the next one, and the derivative of the first along omega.
type Sums = [Lanes; 3];

/// delta less the derivative of the value along omega, and that derivative.
#[derive(Clone, Copy)]
struct Told {
    error: Lanes,
    along: Lanes,
}

/// What features of the state and of the next one are multiplied by in the gradient of theta, and of omega.
#[derive(Clone, Copy)]
struct Slopes {
    here: Lanes,
    there: Lanes,
    dual: Lanes,
}

/// A block of instances. What is asked for at `POINTS` is asked for after the step and, if those are two,
/// before it.
struct Task<'a> {
    p: &'a Params,
    block: Range<usize>,
    now: &'a [f32],
    next: &'a [f32],
    reward: &'a [f32],
    theta: Columns<'a, f32>,
    omega: Columns<'a, f32>,
    means: Columns<'a, f32>,
    duals: Columns<'a, f32>,
    hidden: Columns<'a, f32>,
}

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let [instances, entries, units] = [p.instances, p.entries, p.units].map(|n| n as usize);
    let thetas = columns(call.theta, entries, instances);
    let omegas = columns(call.omega, entries, instances);
    let (means, duals) = call.means.split_at_mut(entries * instances);
    let means = columns(means, entries, instances).zip(columns(duals, entries, instances));
    let hiddens = columns(call.hidden, 6 * units, instances);
    let (now, next, reward) = (call.now, call.next, call.reward);
    let step = match (call.variant == TANH, p.is_reduced == 1) {
        (false, false) => Task::step::<false, 1>,
        (false, true) => Task::step::<false, 2>,
        (true, false) => Task::step::<true, 1>,
        (true, true) => Task::step::<true, 2>,
    };
    let tasks = thetas.zip(omegas).zip(means).zip(hiddens).zip(blocks(instances));
    parallel::each(tasks, &|((((theta, omega), (means, duals)), hidden), block)| {
        step(Task { p, block, now, next, reward, theta, omega, means, duals, hidden });
    });
}

impl<'a> Task<'a> {
    fn step<const IS_TANH: bool, const POINTS: usize>(mut self) {
        vectorised(
            #[inline(always)]
            || {
                let units = self.p.units as usize;
                let sums = if IS_TANH { self.sums_of_units::<POINTS>() } else { self.advance::<POINTS>(0) };
                let told = self.told(&sums);
                for unit in 0..if IS_TANH { units } else { 1 } {
                    self.update_weights::<IS_TANH, POINTS>(unit, &told);
                }
                for unit in 0..if IS_TANH { units } else { 0 } {
                    self.update_output(unit, &told);
                }
            },
        );
    }

    #[inline(always)]
    fn told<const POINTS: usize>(&self, sums: &[Sums; POINTS]) -> [Told; POINTS] {
        let mut told = [Told { error: ZEROS, along: ZEROS }; POINTS];
        let gains = &self.reward[self.p.reward_base as usize..][self.block.clone()];
        for (told, [value, later, along]) in told.iter_mut().zip(sums) {
            told.along = *along;
            for (i, gain) in gains.iter().enumerate() {
                told.error[i] = gain + self.p.discount * later[i] - value[i] - along[i];
            }
        }
        told
    }

    /// The features of the states and of the next ones. `room` is for those that do not lie side by side.
    #[inline(always)]
    fn features<'b>(&self, f: usize, [first, second]: &'b mut [Lanes; 2]) -> [&'b [f32]; 2]
    where
        'a: 'b,
    {
        let p = self.p;
        let (now, next) = (self.now, self.next);
        [
            apart(&now[p.now_base as usize + f * p.now_stride as usize..], p.now_step, &self.block, first),
            apart(
                &next[p.next_base as usize + f * p.next_stride as usize..],
                p.next_step,
                &self.block,
                second,
            ),
        ]
    }

    /// Steps with the entries of all features from `first` on, and what the features come to with them: of the
    /// state by theta, of the next one by theta, and of the state by omega.
    #[inline(always)]
    fn advance<const POINTS: usize>(&mut self, first: usize) -> [Sums; POINTS] {
        let mut sums = [[ZEROS; 3]; POINTS];
        let mut room = [ZEROS; 2];
        for f in 0..self.p.features as usize {
            let [x, y] = self.features(f, &mut room);
            let (theta, omega) = (self.theta.row(first + f), self.omega.row(first + f));
            let (mean, dual) = (self.means.row(first + f), self.duals.row(first + f));
            advance(self.p, x, y, theta, omega, mean, dual, &mut sums);
        }
        sums
    }

    /// The entry of a unit's weight in the value.
    fn output(&self, unit: usize) -> usize {
        (self.p.units * self.p.features) as usize + unit
    }

    /// A unit's weight in the value, in theta and in omega, before it is stepped with.
    #[inline(always)]
    fn output_at(&mut self, unit: usize, point: usize) -> [Lanes; 2] {
        let at = self.output(unit);
        let [rate, dual_rate] = if point == 0 { [self.p.rate, self.p.dual_rate] } else { [0.0; 2] };
        let mut output = [ZEROS; 2];
        for (to, (own, mean)) in output[0].iter_mut().zip(self.theta.row(at).iter().zip(self.means.row(at))) {
            *to = *own - rate * *mean;
        }
        for (to, (own, mean)) in output[1].iter_mut().zip(self.omega.row(at).iter().zip(self.duals.row(at))) {
            *to = *own + dual_rate * *mean;
        }
        output
    }

    /// What is kept of a unit: its values in the state and in the next one, and its features' sum by omega.
    #[inline(always)]
    fn kept(&mut self, unit: usize, point: usize) -> Sums {
        let mut kept = [ZEROS; 3];
        for (which, kept) in kept.iter_mut().enumerate() {
            let row = self.hidden.row((unit * 2 + point) * 3 + which);
            kept[..row.len()].copy_from_slice(row);
        }
        kept
    }

    #[inline(always)]
    fn sums_of_units<const POINTS: usize>(&mut self) -> [Sums; POINTS] {
        let mut sums = [[ZEROS; 3]; POINTS];
        for unit in 0..self.p.units as usize {
            let weighted = self.advance::<POINTS>(unit * self.p.features as usize);
            for (point, mut kept) in weighted.into_iter().enumerate() {
                kept[..2].iter_mut().flatten().for_each(|value| *value = tanh_exact(*value));
                for (which, values) in kept.iter().enumerate() {
                    let row = self.hidden.row((unit * 2 + point) * 3 + which);
                    row.copy_from_slice(&values[..row.len()]);
                }
                let ([here, there, along], [output, dual]) = (&kept, self.output_at(unit, point));
                let sums = &mut sums[point];
                for i in 0..BLOCK {
                    sums[0][i] += output[i] * here[i];
                    sums[1][i] += output[i] * there[i];
                    sums[2][i] += dual[i] * here[i];
                    sums[2][i] += output[i] * (1.0 - here[i] * here[i]) * along[i];
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn slopes<const IS_TANH: bool>(&mut self, unit: usize, point: usize, told: &Told) -> Slopes {
        let discount = self.p.discount;
        if !IS_TANH {
            let mut slopes = Slopes { here: ZEROS, there: ZEROS, dual: told.error };
            for i in 0..BLOCK {
                slopes.here[i] = -told.along[i];
                slopes.there[i] = discount * told.along[i];
            }
            return slopes;
        }
        let [here, there, along] = self.kept(unit, point);
        let [output, dual] = self.output_at(unit, point);
        let mut slopes = Slopes { here: ZEROS, there: ZEROS, dual: ZEROS };
        for i in 0..BLOCK {
            let slope = 1.0 - here[i] * here[i];
            // the second derivatives times omega, but for the slope
            let bend = dual[i] - 2.0 * output[i] * here[i] * along[i];
            slopes.here[i] = slope * (told.error[i] * bend - told.along[i] * output[i]);
            slopes.there[i] = discount * told.along[i] * output[i] * (1.0 - there[i] * there[i]);
            slopes.dual[i] = told.error[i] * output[i] * slope;
        }
        slopes
    }

    /// Takes in the gradients of a unit's entries, or of a linear value's.
    #[inline(always)]
    fn update_weights<const IS_TANH: bool, const POINTS: usize>(
        &mut self,
        unit: usize,
        told: &[Told; POINTS],
    ) {
        let mut slopes = [Slopes { here: ZEROS, there: ZEROS, dual: ZEROS }; POINTS];
        for (point, (slopes, told)) in slopes.iter_mut().zip(told).enumerate() {
            *slopes = self.slopes::<IS_TANH>(unit, point, told);
        }
        let mut room = [ZEROS; 2];
        for f in 0..self.p.features as usize {
            let features = self.features(f, &mut room);
            self.take_in(unit * self.p.features as usize + f, features, &slopes);
        }
    }

    /// Steps with a unit's weight in the value and takes in its gradients: it is an entry with a feature of one.
    #[inline(always)]
    fn update_output<const POINTS: usize>(&mut self, unit: usize, told: &[Told; POINTS]) {
        let mut slopes = [Slopes { here: ZEROS, there: ZEROS, dual: ZEROS }; POINTS];
        for (point, (slopes, told)) in slopes.iter_mut().zip(told).enumerate() {
            let [here, there, along] = self.kept(unit, point);
            for i in 0..BLOCK {
                slopes.here[i] = told.along[i] * (self.p.discount * there[i] - here[i])
                    + told.error[i] * (1.0 - here[i] * here[i]) * along[i];
                slopes.dual[i] = told.error[i] * here[i];
            }
        }
        let at = self.output(unit);
        let [own, dual] = self.output_at(unit, 0);
        let width = self.block.len();
        self.theta.row(at).copy_from_slice(&own[..width]);
        self.omega.row(at).copy_from_slice(&dual[..width]);
        self.take_in(at, [&[1.0; BLOCK][..width], &ZEROS[..width]], &slopes);
    }

    #[inline(always)]
    fn take_in<const POINTS: usize>(&mut self, at: usize, [x, y]: [&[f32]; 2], slopes: &[Slopes; POINTS]) {
        take_in(self.p, x, y, slopes, self.omega.row(at), self.means.row(at), self.duals.row(at));
    }
}

/// What lies `step` elements apart, moved to `room` if that is not side by side.
#[inline(always)]
fn apart<'a>(values: &'a [f32], step: u32, block: &Range<usize>, room: &'a mut Lanes) -> &'a [f32] {
    if step == 1 {
        return &values[block.clone()];
    }
    let own = values[block.start * step as usize..].iter().step_by(step as usize);
    room[..block.len()].iter_mut().zip(own).for_each(|(lane, own)| *lane = *own);
    &room[..block.len()]
}

/// Steps with an entry of theta and of omega, and adds its features to the sums.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "arguments are known not to overlap, so that the loop is vectorised"
)]
fn advance<const POINTS: usize>(
    p: &Params,
    x: &[f32],
    y: &[f32],
    theta: &mut [f32],
    omega: &mut [f32],
    mean: &[f32],
    dual: &[f32],
    sums: &mut [Sums; POINTS],
) {
    let (rate, dual_rate) = (p.rate, p.dual_rate);
    let n = x.len().min(BLOCK);
    let (y, theta, omega, mean, dual) = (&y[..n], &mut theta[..n], &mut omega[..n], &mean[..n], &dual[..n]);
    for i in 0..n {
        let stood = [theta[i], omega[i]];
        let moved = [stood[0] - rate * mean[i], stood[1] + dual_rate * dual[i]];
        [theta[i], omega[i]] = moved;
        for (sums, [own, dual]) in sums.iter_mut().zip([moved, stood]) {
            sums[0][i] += own * x[i];
            sums[1][i] += own * y[i];
            sums[2][i] += dual * x[i];
        }
    }
}

/// Takes in the gradients of an entry that has been stepped with.
#[inline(always)]
fn take_in<const POINTS: usize>(
    p: &Params,
    x: &[f32],
    y: &[f32],
    slopes: &[Slopes; POINTS],
    omega: &[f32],
    mean: &mut [f32],
    dual: &mut [f32],
) {
    let (gain, keep, ridge, dual_rate) = (p.gain, p.keep, p.ridge, p.dual_rate);
    let n = x.len().min(BLOCK);
    let (y, omega, mean, dual) = (&y[..n], &omega[..n], &mut mean[..n], &mut dual[..n]);
    for i in 0..n {
        let (mut last, mut last_dual) = (mean[i], dual[i]);
        if let Some(before) = slopes.get(1) {
            let stood = omega[i] - dual_rate * last_dual;
            last -= before.here[i] * x[i] + before.there[i] * y[i];
            last_dual -= before.dual[i] * x[i] - ridge * stood;
        }
        let fresh = &slopes[0];
        mean[i] = gain * (fresh.here[i] * x[i] + fresh.there[i] * y[i]) + keep * last;
        dual[i] = gain * (fresh.dual[i] * x[i] - ridge * omega[i]) + keep * last_dual;
    }
}
