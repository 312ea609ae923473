//! The value that is learned step by step, on the device.

use embag::decide::{Observed, TdMethod, Transition, ValueNet};
use embag::{Context, Recorder, Result};

use crate::args::Args;
use crate::data::random::{below, generator};
use crate::problem::{DISCOUNT, FEATURES, Problem};

/// Steps of one submission.
const AT_ONCE: usize = 100;
/// How often errors are measured in a run.
const POINTS: usize = 40;

/// Errors of all seeds, by how many transitions were seen.
#[derive(Debug)]
pub struct Learned {
    pub name: &'static str,
    pub curve: Vec<(f64, Vec<f64>)>,
}

impl Learned {
    /// Means over the seeds.
    pub fn means(&self) -> impl Iterator<Item = (f64, f64)> {
        self.curve.iter().map(|(seen, errors)| (*seen, errors.iter().sum::<f64>() / errors.len() as f64))
    }

    /// Mean and deviation of the seeds at the end.
    pub fn end(&self) -> [f64; 2] {
        let mean = self.means().last().map_or(f64::NAN, |(_, mean)| mean);
        let errors = self.curve.last().map_or(&[][..], |(_, errors)| errors);
        let square = errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>();
        [mean, (square / errors.len().max(1) as f64).sqrt()]
    }
}

/// Learns, each seed from transitions of its own.
#[allow(clippy::cast_possible_truncation, reason = "seeds and the discount")]
pub fn learn(ctx: &Context, problem: &Problem, args: &Args, method: TdMethod) -> Result<Learned> {
    let (seeds, units) = (args.seeds as usize, args.tanh as usize);
    let mut net = ValueNet::builder(ctx, FEATURES, seeds)
        .tanh(units)
        .method(method)
        .discount(DISCOUNT as f32)
        .seed(args.seed as u32)
        .build()?;
    let name = if method == TdMethod::Momentum { "momentum" } else { "variance reduced" };
    let mut learned = Learned { name, curve: Vec::new() };
    let mut random: Vec<_> = (0..seeds).map(|seed| generator(args.seed, 100 + seed as u64)).collect();
    let steps = args.steps();
    let every = (steps / POINTS).div_ceil(AT_ONCE) * AT_ONCE;
    for first in (0..steps).step_by(AT_ONCE) {
        let count = AT_ONCE.min(steps - first);
        let mut values = [vec![0.0; count * FEATURES * seeds], vec![0.0; count * FEATURES * seeds]];
        let mut rewards = vec![0.0; count * seeds];
        for step in 0..count {
            for (seed, random) in random.iter_mut().enumerate() {
                let moment = &problem.training[below(random, problem.training.len())];
                for f in 0..FEATURES {
                    let at = (step * FEATURES + f) * seeds + seed;
                    (values[0][at], values[1][at]) = (moment.features[f], moment.next[f]);
                }
                rewards[step * seeds + seed] = moment.reward;
            }
        }
        let of = |values: &[f32], rows: usize| Observed::from_slice(ctx, values, count * rows, seeds);
        let all = [of(&values[0], FEATURES)?, of(&values[1], FEATURES)?, of(&rewards, 1)?];
        let mut rec = Recorder::new(ctx);
        for step in 0..count {
            let state = all[0].row_range(step * FEATURES, FEATURES)?;
            let next = all[1].row_range(step * FEATURES, FEATURES)?;
            let reward = all[2].row_range(step, 1)?;
            net.record_step(&mut rec, &Transition { state: &state, next: &next, reward: &reward })?;
        }
        rec.run()?;
        let seen = first + count;
        if seen.is_multiple_of(every) || seen == steps {
            let weights = net.weights().to_vec(ctx)?;
            let errors = (0..seeds).map(|seed| {
                let own: Vec<f64> =
                    weights.iter().skip(seed).step_by(seeds).map(|weight| f64::from(*weight)).collect();
                problem.error(|features| value(&own, units, features))
            });
            learned.curve.push((seen as f64, errors.collect()));
        }
    }
    Ok(learned)
}

/// As [`ValueNet`] lays weights out.
fn value(weights: &[f64], units: usize, features: &[f32; FEATURES]) -> f64 {
    let sum = |weights: &[f64]| -> f64 {
        weights.iter().zip(features).map(|(weight, x)| weight * f64::from(*x)).sum()
    };
    if units == 0 {
        return sum(weights);
    }
    let outputs = &weights[units * FEATURES..];
    weights.chunks(FEATURES).zip(outputs).map(|(unit, output)| output * sum(unit).tanh()).sum()
}
