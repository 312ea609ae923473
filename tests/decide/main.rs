//! Decisions: what the methods promise, by runs that are long enough to see it, and their mistakes.

#![allow(clippy::cast_possible_truncation, reason = "what is made up in f64 is used in f32")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/random.rs"]
mod random;

mod constrained_game;
mod fictitious_play;
mod games;
mod limits;
mod mirror_prox;
mod mirror_prox_errors;
mod moves;
mod process;
mod reward_process;
mod uc_pd;
mod value_net;

use embag::decide::Observed;
use embag::{Checkpoint, Context};

use random::Random;

/// Whether this run only takes features of devices away (`scripts/test portable`): what has no device need
/// not be run for long again.
fn is_repeated() -> bool {
    std::env::var_os("EMBAG_DISABLE").is_some()
}

/// Rows x instances.
fn values(rows: usize, instances: usize, mut of: impl FnMut(usize, usize) -> f64) -> Vec<f32> {
    let mut values = vec![0.0; rows * instances];
    for instance in 0..instances {
        (0..rows).for_each(|row| values[row * instances + instance] = of(row, instance) as f32);
    }
    values
}

/// The same, as what was observed.
fn observed(ctx: &Context, rows: usize, instances: usize, of: impl FnMut(usize, usize) -> f64) -> Observed {
    Observed::from_slice(ctx, &values(rows, instances, of), rows, instances).unwrap()
}

/// What one instance has in a matrix of rows x instances.
fn column(values: &[f32], instance: usize, instances: usize) -> Vec<f64> {
    values.iter().skip(instance).step_by(instances).map(|value| f64::from(*value)).collect()
}

/// A checkpoint with other values in one of its matrices: by where they are, and what they were.
fn altered(saved: &Checkpoint, name: &str, of: impl Fn(usize, f32) -> f32) -> Checkpoint {
    let mut altered = Checkpoint::new();
    for own in saved.names() {
        let shape = saved.shape(own).unwrap();
        if let Ok(words) = saved.tensor::<u32>(own, shape) {
            altered.insert(own, shape, words.to_vec()).unwrap();
            continue;
        }
        let mut values = saved.tensor::<f32>(own, shape).unwrap().to_vec();
        if own == name {
            values.iter_mut().enumerate().for_each(|(at, value)| *value = of(at, *value));
        }
        altered.insert(own, shape, values).unwrap();
    }
    altered
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The exponent of growth between two horizons.
fn slope(short: f64, long: f64, times: f64) -> f64 {
    (long / short).ln() / times.ln()
}
