//! Each method with its best rate: the search over a grid, and what it found.
//!
//! The grid lies around the rate that was best in the calibration of this example (powers of 1.5). A training
//! counts for every horizon up to its own length, as rates do not depend on it.

use std::collections::BTreeMap;

use embag::{Context, Result};

use crate::method::Method;
use crate::model::{Curves, TEST_EVERY, train};
use crate::problem::{Problem, SEEDS, probabilities};

/// How frequent tokens are, and what goes with it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name in tables and in JSON.
    pub name: &'static str,
    zipf: f64,
    /// The largest rate of a row. A token's first steps would diverge without it; the control, in which the
    /// best rates are higher, needs twice as much, so that the cap is not what is compared.
    cap: f32,
    pub methods: &'static [Method],
    /// The calibrated power of a method: for horizons nearer to 4,000 steps, and to 12,000.
    best: fn(Method) -> [i32; 2],
}

/// The real thing: few tokens are frequent, most are rare.
pub const ZIPF: Setting = Setting {
    name: "Zipf 1.1",
    zipf: 1.1,
    cap: 64.0,
    methods: &Method::ALL,
    best: |method| match method {
        Method::Sgd => [0, -1],
        Method::Known | Method::Occurrences => [2, 0],
        Method::Steps => [1, 0],
        Method::RowwiseAdagrad => [1, 1],
    },
};

/// The control: all tokens are alike, and their frequencies say nothing.
pub const UNIFORM: Setting = Setting {
    name: "uniform",
    zipf: 0.0,
    cap: 128.0,
    methods: &[Method::Sgd, Method::Known, Method::Occurrences, Method::Steps],
    best: |_| [3, 1],
};

impl Setting {
    /// Powers to try for a horizon.
    fn powers(&self, method: Method, horizon: u32, grid: u8) -> impl Iterator<Item = i32> {
        let [short, long] = (self.best)(method);
        let (centre, grid) = (if horizon < 8000 { short } else { long }, i32::from(grid));
        (0..grid).map(move |i| centre - (grid - 1) / 2 + i)
    }
}

/// A method with its best rate for a horizon. Losses are medians over the seeds.
#[derive(Debug, Clone)]
pub struct Tuned {
    pub setting: &'static str,
    pub method: Method,
    pub horizon: u32,
    pub rate: f64,
    /// The rate as the crate's `lr`.
    pub lr: f32,
    /// No rate below was tried, or none above: a wider grid might find a better one.
    pub at_edge: bool,
    /// The lowest test loss.
    pub best: f64,
    /// The test loss after the last step.
    pub last: f64,
    /// Steps to the lowest loss of SGD with its own best rate, the median over the seeds; infinite if it is
    /// not reached.
    pub steps_to_sgd: f64,
    /// Test losses over the steps.
    pub curve: Vec<f64>,
}

impl Tuned {
    /// Steps to SGD's best, of the horizon.
    pub fn ratio(&self) -> f64 {
        self.steps_to_sgd / f64::from(self.horizon)
    }
}

/// Trains every method of a setting with the rates of its grid and picks the best for each of the horizons,
/// which ascend. `tell` gets a line for every training.
pub fn search(
    ctx: &Context,
    setting: &Setting,
    horizons: &[u32],
    grid: u8,
    tell: &mut dyn FnMut(String),
) -> Result<Vec<Tuned>> {
    let probabilities = probabilities(setting.zipf);
    let longest = horizons.last().map_or(0, |&steps| steps as usize);
    let problems: Vec<_> = SEEDS.iter().map(|&seed| Problem::new(&probabilities, longest, seed)).collect();
    let mut all = Vec::new();
    let mut sgd_best = BTreeMap::new();
    for &method in setting.methods {
        let mut lengths = BTreeMap::new();
        for &horizon in horizons {
            lengths.extend(setting.powers(method, horizon, grid).map(|power| (power, horizon)));
        }
        let mut runs = Vec::new();
        for (power, steps) in lengths {
            let optimizer = method.optimizer(method.rate(power), steps, setting.cap);
            let curves = train(ctx, &problems, &probabilities, optimizer, steps as usize)?;
            tell(format!(
                "{}, {}, rate {:.4}, {steps} steps: lowest loss {:.4}",
                setting.name,
                method.name(),
                method.rate(power),
                median(lowest(&curves, steps))
            ));
            runs.push(Run { power, steps, curves });
        }
        for &horizon in horizons {
            let tried: Vec<&Run> = runs.iter().filter(|run| run.steps >= horizon).collect();
            let loss = |run: &Run| median(lowest(&run.curves, horizon));
            let Some(best) = tried.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))) else { continue };
            // SGD is the first of the methods
            let targets = sgd_best.entry(horizon).or_insert_with(|| lowest(&best.curves, horizon));
            let rate = method.rate(best.power);
            let curve = median_curve(&best.curves, horizon);
            all.push(Tuned {
                setting: setting.name,
                method,
                horizon,
                rate,
                lr: method.optimizer(rate, horizon, setting.cap).lr(),
                at_edge: [tried.first(), tried.last()].iter().flatten().any(|run| run.power == best.power),
                best: loss(best),
                last: curve.last().copied().unwrap_or(f64::INFINITY),
                steps_to_sgd: median(reached(&best.curves, horizon, targets)),
                curve,
            });
        }
    }
    // the sort is stable: the methods keep their order
    all.sort_by_key(|tuned: &Tuned| tuned.horizon);
    Ok(all)
}

/// All seeds' training with one rate.
struct Run {
    power: i32,
    steps: u32,
    curves: Curves,
}

fn tests(steps: u32) -> usize {
    steps as usize / TEST_EVERY
}

/// The lowest loss of each seed within `steps`; infinite if it diverged before.
fn lowest(curves: &Curves, steps: u32) -> Vec<f64> {
    let of_seed = |curve: &Vec<f64>| {
        let curve = &curve[..tests(steps).min(curve.len())];
        let diverged = curve.last().is_none_or(|loss| loss.is_infinite());
        if diverged { f64::INFINITY } else { curve.iter().copied().fold(f64::INFINITY, f64::min) }
    };
    curves.iter().map(of_seed).collect()
}

/// The steps in which each seed comes to its target; infinite if it does not within `steps`.
fn reached(curves: &Curves, steps: u32, targets: &[f64]) -> Vec<f64> {
    let of_seed = |(curve, target): (&Vec<f64>, &f64)| {
        let test = curve.iter().take(tests(steps)).position(|loss| loss <= target && loss.is_finite());
        test.map_or(f64::INFINITY, |test| ((test + 1) * TEST_EVERY) as f64)
    };
    curves.iter().zip(targets).map(of_seed).collect()
}

fn median_curve(curves: &Curves, steps: u32) -> Vec<f64> {
    let at = |test: usize| median(curves.iter().filter_map(|curve| curve.get(test).copied()).collect());
    (0..tests(steps)).map(at).collect()
}

/// Of an odd number of values, as there are seeds; infinite for none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_lie_around_what_was_best() {
        let powers = |horizon, grid| ZIPF.powers(Method::Known, horizon, grid).collect::<Vec<_>>();
        assert_eq!(powers(4000, 1), [2]);
        assert_eq!(powers(12_000, 3), [-1, 0, 1]);
        assert_eq!(powers(4000, 8), [-1, 0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_seed_counts_up_to_where_it_diverged() {
        let curves: Curves = vec![vec![0.7, 0.5, 0.6], vec![0.7, f64::INFINITY, f64::INFINITY]];
        assert_eq!(lowest(&curves, 300), [0.5, f64::INFINITY]);
        assert_eq!(lowest(&curves, 100), [0.7, 0.7]);
        assert_eq!(reached(&curves, 300, &[0.65, 0.65]), [200.0, f64::INFINITY]);
        assert_eq!(reached(&curves, 100, &[0.65, 0.7]), [f64::INFINITY, 100.0]);
        assert_eq!(median(vec![3.0, f64::INFINITY, 1.0]), 3.0);
        assert_eq!(median_curve(&vec![vec![3.0], vec![1.0], vec![2.0]], 100), [2.0]);
    }
}
