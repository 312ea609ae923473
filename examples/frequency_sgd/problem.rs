//! The made-up clicks of a logistic matrix factorisation: users and items have planted factors, and a pair is
//! clicked with the probability that their product gives.
//!
//! What is drawn, for each of the [`SEEDS`] by itself:
//!
//! - **Frequencies.** [`ROWS`] users and as many items; token `k`, from 0 on, has the weight `1 / (k +
//!   1)^zipf` and the probability `p_k`, its share of all weights. `zipf` is 1.1, or 0 for the control, in
//!   which all tokens are alike.
//! - **Planted factors**, [`DIM`] for each token: normal with the variance [`PLANTED_VARIANCE`], so that a
//!   logit, the product of a user's factors with an item's, has the variance `8 * 0.75^2 = 4.5`. Rounded to
//!   `f32`.
//! - **Pairs**: a user and an item, each by its probability and independent of the other, and a label, which
//!   is 1 with the probability `sigmoid(logit)`. Steps take [`BATCH`] pairs each, one after the other, none
//!   twice; the test set has [`TEST`] others.
//! - **First values** of what is learnt: normal with the standard deviation [`FIRST_DEVIATION`]. Rounded to
//!   `f32`.
//!
//! How it is drawn: `generator(seed, stream)` of `random.rs` is PCG64 (XSL-RR 128/64) with state `mix(seed)`
//! and stream `mix(stream)`. A fraction is the top 53 bits of one draw; a normal number is Box and Muller's
//! cosine of two fractions, radius first; a token is the first whose cumulated probability is above a
//! fraction. The streams:
//!
//! | stream | what, in this order |
//! |---|---|
//! | 0 | planted factors: all users, row by row, then all items |
//! | 1 | training pairs: user, item, label of the first, then of the next; a longer training has the same first pairs |
//! | 2 | test pairs, likewise |
//! | 3 | first values: all users, row by row, then all items |

use crate::random::{Pcg64, fraction, generator, normal};

/// Users, and items.
pub const ROWS: usize = 5000;
/// Factors of a user or an item.
pub const DIM: usize = 8;
/// Pairs of a step.
pub const BATCH: usize = 256;
/// Pairs of a test set.
pub const TEST: usize = 20_000;
/// Of the problems that every method is tried on; what is reported is the median over them.
pub const SEEDS: [u64; 3] = [1, 2, 3];

const PLANTED_VARIANCE: f64 = 0.75;
const FIRST_DEVIATION: f64 = 0.2;

const PLANTED: u64 = 0;
const TRAIN: u64 = 1;
const TEST_PAIRS: u64 = 2;
const FIRST: u64 = 3;

/// Pairs of users and items, and whether they were clicked.
#[derive(Debug, Default)]
pub struct Pairs {
    pub users: Vec<u32>,
    pub items: Vec<u32>,
    pub labels: Vec<f32>,
}

/// One seed's problem.
#[derive(Debug)]
pub struct Problem {
    pub train: Pairs,
    pub test: Pairs,
    /// First values of users and of items.
    pub first: [Vec<f32>; 2],
}

/// Probabilities of the tokens of either side.
pub fn probabilities(zipf: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=ROWS).map(|rank| (rank as f64).powf(-zipf)).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

impl Problem {
    /// Draws the problem of a seed with pairs for `steps` steps.
    pub fn new(probabilities: &[f64], steps: usize, seed: u64) -> Self {
        let mut rng = generator(seed, PLANTED);
        let planted = [(); 2].map(|()| factors(&mut rng, PLANTED_VARIANCE.sqrt()));
        let draw = |stream, count| Pairs::new(probabilities, &planted, count, &mut generator(seed, stream));
        let mut rng = generator(seed, FIRST);
        Self {
            train: draw(TRAIN, steps * BATCH),
            test: draw(TEST_PAIRS, TEST),
            first: [(); 2].map(|()| factors(&mut rng, FIRST_DEVIATION)),
        }
    }
}

/// Normal numbers for all rows of one side.
fn factors(rng: &mut Pcg64, deviation: f64) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose, and far from f32's ends")]
    let factors = (0..ROWS * DIM).map(|_| (deviation * normal(rng)) as f32).collect();
    factors
}

impl Pairs {
    fn new(probabilities: &[f64], planted: &[Vec<f32>; 2], count: usize, rng: &mut Pcg64) -> Self {
        let mut sum = 0.0;
        let cumulated: Vec<f64> = (probabilities.iter())
            .map(|probability| {
                sum += probability;
                sum
            })
            .collect();
        let token = |rng: &mut Pcg64| {
            let at = fraction(rng);
            // rounded sums may end below 1
            cumulated.partition_point(|&end| end <= at).min(ROWS - 1)
        };
        let mut pairs = Self::default();
        for _ in 0..count {
            let (user, item) = (token(rng), token(rng));
            let [u, v] =
                [(&planted[0], user), (&planted[1], item)].map(|(side, row)| &side[row * DIM..][..DIM]);
            let logit = u.iter().zip(v).fold(0.0, |sum, (a, b)| sum + a * b);
            let clicked = fraction(rng) < f64::from(sigmoid(logit));
            // below ROWS
            pairs.users.push(u32::try_from(user).unwrap_or(0));
            pairs.items.push(u32::try_from(item).unwrap_or(0));
            pairs.labels.push(f32::from(u8::from(clicked)));
        }
        pairs
    }
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn the_draws_are_pinned() {
        let problem = Problem::new(&probabilities(1.1), 1, SEEDS[0]);
        assert_eq!(problem.train.users[..6], PINNED_USERS);
        assert_eq!(problem.train.items[..6], PINNED_ITEMS);
        assert_eq!(problem.train.labels.len(), BATCH);
        // the last bit of a logarithm or of an exponential may be another elsewhere
        let clicks: f32 = problem.test.labels.iter().sum();
        assert_abs_diff_eq!(clicks, 10_269.0, epsilon = 3.0);
    }

    const PINNED_USERS: [u32; 6] = [468, 13, 6, 469, 0, 1096];
    const PINNED_ITEMS: [u32; 6] = [9, 18, 0, 24, 28, 3011];

    #[test]
    fn a_longer_training_begins_with_the_same_pairs() {
        let probabilities = probabilities(0.0);
        let [short, long] = [1, 3].map(|steps| Problem::new(&probabilities, steps, 5));
        assert_eq!(long.train.users[..BATCH], short.train.users);
        assert_eq!(long.train.labels[..BATCH], short.train.labels);
        assert_eq!((long.test.items, long.first), (short.test.items, short.first));
    }

    #[test]
    fn frequent_tokens_are_frequent() {
        let probabilities = probabilities(1.1);
        let problem = Problem::new(&probabilities, 1, 1);
        let share = problem.test.users.iter().filter(|&&user| user == 0).count() as f64 / TEST as f64;
        assert_abs_diff_eq!(share, probabilities[0], epsilon = 0.01);
        assert_abs_diff_eq!(probabilities.iter().sum::<f64>(), 1.0, epsilon = 1e-12);
    }
}
