//! What the learned value stands beside: methods that read all transitions at once, or step by step without a
//! second set of weights.

use crate::data::random::{below, generator};
use crate::problem::{DISCOUNT, FEATURES, Moment, Problem};

type Weights = Vec<f64>;

fn dot(weights: &[f64], features: &[f32; FEATURES]) -> f64 {
    weights.iter().zip(features).map(|(weight, x)| weight * f64::from(*x)).sum()
}

/// Least-squares temporal differences (Bradtke and Barto, 1996): `E[x (x - gamma x')^T] w = E[x r]`.
pub fn lstd(problem: &Problem) -> f64 {
    let weights = solved(&problem.training, |moment, f| {
        f64::from(moment.features[f]) - DISCOUNT * f64::from(moment.next[f])
    });
    problem.error(|features| dot(&weights, features))
}

/// The regression of the next like alone, over one less the discount: as if it stayed so.
pub fn myopic(problem: &Problem) -> f64 {
    let weights = solved(&problem.training, |moment, f| f64::from(moment.features[f]));
    problem.error(|features| dot(&weights, features) / (1.0 - DISCOUNT))
}

/// Semi-gradient temporal differences, TD(0), in steps of .03.
pub fn semi_gradient(problem: &Problem, steps: usize, seed: u64) -> f64 {
    const STEP: f64 = 0.03;
    let mut random = generator(seed, 2);
    let mut weights: Weights = vec![0.0; FEATURES];
    for _ in 0..steps {
        let moment = &problem.training[below(&mut random, problem.training.len())];
        let delta = f64::from(moment.reward) + DISCOUNT * dot(&weights, &moment.next)
            - dot(&weights, &moment.features);
        for (weight, x) in weights.iter_mut().zip(&moment.features) {
            *weight += STEP * delta * f64::from(*x);
        }
    }
    problem.error(|features| dot(&weights, features))
}

/// `E[x right^T] w = E[x r]`, with a little on the diagonal: genres that no movie has.
fn solved(moments: &[Moment], right: impl Fn(&Moment, usize) -> f64) -> Weights {
    let mut matrix = vec![vec![0.0; FEATURES]; FEATURES];
    let mut vector = vec![0.0; FEATURES];
    for moment in moments {
        let right: Vec<f64> = (0..FEATURES).map(|f| right(moment, f)).collect();
        for (i, x) in moment.features.iter().map(|x| f64::from(*x)).enumerate().filter(|(_, x)| *x != 0.0) {
            vector[i] += x * f64::from(moment.reward);
            matrix[i].iter_mut().zip(&right).for_each(|(sum, right)| *sum += x * right);
        }
    }
    let count = moments.len() as f64;
    (0..FEATURES).for_each(|i| matrix[i][i] += 1e-4 * count);
    // elimination, with the largest of what is left of a column as pivot
    for k in 0..FEATURES {
        let pivot = (k..FEATURES).max_by(|&a, &b| matrix[a][k].abs().total_cmp(&matrix[b][k].abs()));
        matrix.swap(k, pivot.unwrap_or(k));
        vector.swap(k, pivot.unwrap_or(k));
        for i in k + 1..FEATURES {
            let factor = matrix[i][k] / matrix[k][k];
            let (above, below) = matrix.split_at_mut(i);
            below[0].iter_mut().zip(&above[k]).for_each(|(value, other)| *value -= factor * other);
            vector[i] -= factor * vector[k];
        }
    }
    for k in (0..FEATURES).rev() {
        let later: f64 = (k + 1..FEATURES).map(|j| matrix[k][j] * vector[j]).sum();
        vector[k] = (vector[k] - later) / matrix[k][k];
    }
    vector
}
