//! A random Markov reward process, and the exact objective of a value of tanh units in it, in `f64`: 15
//! states, moves by Dirichlet(1), rewards from 0 to 1, three normal features and a constant.

use crate::{Random, dot};

pub(crate) const STATES: usize = 15;
pub(crate) const FEATURES: usize = 4;
pub(crate) const UNITS: usize = 3;
pub(crate) const ENTRIES: usize = UNITS * (FEATURES + 1);
pub(crate) const DISCOUNT: f64 = 0.9;
pub(crate) const RIDGE: f64 = 0.05;

pub(crate) struct RewardProcess {
    pub(crate) moves: Vec<Vec<f64>>,
    pub(crate) rewards: Vec<f64>,
    pub(crate) features: Vec<[f64; FEATURES]>,
    /// How often a state is visited in the long run.
    pub(crate) visits: Vec<f64>,
}

/// Value and gradient in a state, and the second derivatives times a vector.
struct At {
    value: f64,
    gradient: Vec<f64>,
    bend: Vec<f64>,
}

/// What a vector of weights comes to.
pub(crate) struct Exact {
    /// The best dual weights.
    pub(crate) dual: Vec<f64>,
    pub(crate) objective: f64,
    pub(crate) gradient: Vec<f64>,
}

impl RewardProcess {
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut row = || {
            let weights: Vec<f64> = (0..STATES).map(|_| -(1.0 - random.unit()).ln()).collect();
            let sum: f64 = weights.iter().sum();
            weights.into_iter().map(|weight| weight / sum).collect::<Vec<f64>>()
        };
        let moves: Vec<Vec<f64>> = (0..STATES).map(|_| row()).collect();
        let rewards = (0..STATES).map(|_| random.unit()).collect();
        let features =
            (0..STATES).map(|_| [random.normal(), random.normal(), random.normal(), 1.0]).collect();
        let mut visits = vec![1.0 / STATES as f64; STATES];
        for _ in 0..200 {
            visits = (0..STATES).map(|to| (0..STATES).map(|s| visits[s] * moves[s][to]).sum()).collect();
        }
        Self { moves, rewards, features, visits }
    }

    /// A state, and the next one.
    pub(crate) fn draw(&self, random: &mut Random) -> [usize; 2] {
        let state = drawn(&self.visits, random);
        [state, drawn(&self.moves[state], random)]
    }

    fn at(&self, theta: &[f64], state: usize, along: &[f64]) -> At {
        let x = &self.features[state];
        let mut at = At { value: 0.0, gradient: vec![0.0; ENTRIES], bend: vec![0.0; ENTRIES] };
        for unit in 0..UNITS {
            let of = |entries: &[f64]| dot(&entries[unit * FEATURES..][..FEATURES], x);
            let (output, output_along) = (theta[UNITS * FEATURES + unit], along[UNITS * FEATURES + unit]);
            let h = of(theta).tanh();
            let (slope, part) = (1.0 - h * h, of(along));
            at.value += output * h;
            at.gradient[UNITS * FEATURES + unit] = h;
            at.bend[UNITS * FEATURES + unit] = slope * part;
            for (f, x) in x.iter().enumerate() {
                at.gradient[unit * FEATURES + f] = output * slope * x;
                at.bend[unit * FEATURES + f] = slope * (output_along - 2.0 * output * h * part) * x;
            }
        }
        at
    }

    /// The mean of `delta` in a state.
    fn delta(&self, values: &[f64], state: usize) -> f64 {
        self.rewards[state] + DISCOUNT * dot(&self.moves[state], values) - values[state]
    }

    pub(crate) fn exact(&self, theta: &[f64]) -> Exact {
        let zero = vec![0.0; ENTRIES];
        let plain: Vec<At> = (0..STATES).map(|state| self.at(theta, state, &zero)).collect();
        let values: Vec<f64> = plain.iter().map(|at| at.value).collect();
        let mut matrix = vec![vec![0.0; ENTRIES]; ENTRIES];
        let mut right = vec![0.0; ENTRIES];
        for (state, at) in plain.iter().enumerate() {
            let (visits, gradient) = (self.visits[state], &at.gradient);
            let delta = self.delta(&values, state);
            for i in 0..ENTRIES {
                right[i] += visits * delta * gradient[i];
                (0..ENTRIES).for_each(|j| matrix[i][j] += visits * gradient[i] * gradient[j]);
            }
        }
        (0..ENTRIES).for_each(|i| matrix[i][i] += RIDGE);
        let dual = solved(matrix, right.clone());
        let along: Vec<f64> = plain.iter().map(|at| dot(&at.gradient, &dual)).collect();
        let mut gradient = vec![0.0; ENTRIES];
        for state in 0..STATES {
            let at = self.at(theta, state, &dual);
            let error = self.delta(&values, state) - along[state];
            let came: f64 = (0..STATES).map(|s| self.visits[s] * self.moves[s][state] * along[s]).sum();
            for (i, sum) in gradient.iter_mut().enumerate() {
                *sum += self.visits[state] * (error * at.bend[i] - along[state] * at.gradient[i])
                    + DISCOUNT * came * at.gradient[i];
            }
        }
        Exact { objective: 0.5 * dot(&right, &dual), dual, gradient }
    }
}

fn drawn(likely: &[f64], random: &mut Random) -> usize {
    let mut left = random.unit();
    let found = likely.iter().position(|likely| {
        left -= likely;
        left < 0.0
    });
    found.unwrap_or(likely.len() - 1)
}

/// A symmetric positive definite system, by elimination.
fn solved(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for k in 0..n {
        for i in k + 1..n {
            let factor = matrix[i][k] / matrix[k][k];
            let row = matrix[k].clone();
            matrix[i].iter_mut().zip(&row).for_each(|(value, other)| *value -= factor * other);
            right[i] -= factor * right[k];
        }
    }
    for k in (0..n).rev() {
        let later: f64 = (k + 1..n).map(|j| matrix[k][j] * right[j]).sum();
        right[k] = (right[k] - later) / matrix[k][k];
    }
    right
}
