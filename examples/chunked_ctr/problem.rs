//! The made-up clicks of a factorisation machine: ids by Zipf's law in four fields, planted vectors, and
//! clicks with the probability that their products give.
//!
//! What is drawn, for each seed by itself:
//!
//! - **Ids.** Each of the [`FIELDS`] fields has as many ids, numbered by their rank `r`, from 1 on, which is
//!   drawn with a probability in proportion to `r^-1.1`. The fields are independent of each other.
//! - **Planted vectors**, of [`PLANTED`] normal numbers for each id, times `r^-`[`FADING`]: rare ids say a
//!   little less. All vectors of a seed are then scaled by one factor, so that the sum of the products below
//!   has the standard deviation [`DEVIATION`] over 50,000 draws of ids. Rounded to `f32`.
//! - **Examples**: an id of each field, and a label, which is 1 with the probability `sigmoid(z)`, where `z`
//!   is [`BIAS`] plus the sum, over the 6 pairs of fields, of the products of their ids' vectors. There is no
//!   first-order term.
//! - **Drift**: half of the ids of each field, chosen at random, exchange their probabilities with each other
//!   by a random permutation. They keep their vectors.
//!
//! How it is drawn: `generator(seed, stream)` of `random.rs` is PCG64 (XSL-RR 128/64) with state `mix(seed)`
//! and stream `mix(stream)`. A fraction is the top 53 bits of one draw; a normal number is Box and Muller's
//! cosine of two fractions, radius first; an id is the first rank whose cumulated weight is above a fraction
//! of all weights; a shuffle is that of Fisher and Yates. The streams:
//!
//! | stream | what, in this order |
//! |---|---|
//! | 0 | planted vectors: all ids of the first field, by rank, then those of the next |
//! | 1 | the draws of ids that the scale is measured with |
//! | 2 | training examples: four ids and the label of the first, then of the next |
//! | 3 | test examples, likewise |
//! | 4 | for each field a shuffle of all ids, of which the first half drifts, then a shuffle of that half |
//! | 5 | training examples after the drift |
//!
//! The raw ids that the tables see are `mix(2^32 field + rank)`, spread over all 64 bits.

use crate::random::{Pcg64, fraction, generator, mix, normal, shuffle};

/// Fields of an example, and of each of them one id.
pub const FIELDS: usize = 4;
/// Numbers of a planted vector.
pub const PLANTED: usize = 8;
/// The log odds of a click where nothing is known.
pub const BIAS: f64 = -0.5;

const ZIPF: f64 = 1.1;
const FADING: f64 = 0.03;
const DEVIATION: f64 = 2.15;
/// Draws that the scale is measured with.
const SCALED_WITH: usize = 50_000;

const VECTORS: u64 = 0;
const SCALE: u64 = 1;
const TRAIN: u64 = 2;
const TEST: u64 = 3;
const DRIFT: u64 = 4;
const DRIFTED: u64 = 5;

/// Examples: an id of each field, from 0 on, and whether there was a click.
#[derive(Debug, Default, PartialEq)]
pub struct Examples {
    pub ids: Vec<[u32; FIELDS]>,
    pub labels: Vec<f32>,
    /// The log odds that the labels were drawn with.
    pub logits: Vec<f32>,
}

/// One seed's problem.
#[derive(Debug)]
pub struct Problem {
    seed: u64,
    ids: usize,
    /// The cumulated weights of the ranks.
    cumulated: Vec<f64>,
    /// For each field the vectors of its ids.
    vectors: Vec<Vec<f32>>,
}

/// For each field the id of each rank.
type Order = [Vec<u32>; FIELDS];

/// What changes in mid-stream.
#[derive(Debug)]
pub struct Drift {
    order: Order,
}

impl Problem {
    /// Draws the problem of a seed with `ids` ids in each field.
    pub fn new(ids: usize, seed: u64) -> Self {
        let weights = (1..=ids).scan(0.0, |sum, rank| {
            *sum += (rank as f64).powf(-ZIPF);
            Some(*sum)
        });
        let mut problem = Self { seed, ids, cumulated: weights.collect(), vectors: Vec::new() };
        let mut rng = generator(seed, VECTORS);
        let mut planted = [(); FIELDS].map(|()| Vec::with_capacity(ids * PLANTED));
        for vectors in &mut planted {
            for rank in 1..=ids {
                let size = (rank as f64).powf(-FADING);
                vectors.extend((0..PLANTED).map(|_| size * normal(&mut rng)));
            }
        }
        let mut rng = generator(seed, SCALE);
        let sums: Vec<f64> = (0..SCALED_WITH)
            .map(|_| products(&planted.each_ref().map(Vec::as_slice), problem.draw(None, &mut rng)))
            .collect();
        let mean = sums.iter().sum::<f64>() / SCALED_WITH as f64;
        let variance = sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / SCALED_WITH as f64;
        // a product has the factor twice
        let factor = (DEVIATION / variance.sqrt()).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose, and far from f32's ends")]
        let scaled = |vectors: Vec<f64>| vectors.into_iter().map(|value| (factor * value) as f32).collect();
        problem.vectors = planted.map(scaled).to_vec();
        problem
    }

    /// Ids of each field.
    pub fn ids(&self) -> usize {
        self.ids
    }

    /// The probability of a rank, from 0 on.
    pub fn probability(&self, rank: usize) -> f64 {
        let below = if rank == 0 { 0.0 } else { self.cumulated[rank - 1] };
        (self.cumulated[rank] - below) / self.cumulated[self.ids - 1]
    }

    pub fn train(&self, count: usize) -> Examples {
        self.examples(None, count, TRAIN)
    }

    pub fn test(&self, count: usize) -> Examples {
        self.examples(None, count, TEST)
    }

    /// Training examples after a drift.
    pub fn drifted(&self, drift: &Drift, count: usize) -> Examples {
        self.examples(Some(drift), count, DRIFTED)
    }

    pub fn drift(&self) -> Drift {
        let mut rng = generator(self.seed, DRIFT);
        let order = [(); FIELDS].map(|()| {
            // below 2^32
            let all = 0..u32::try_from(self.ids).unwrap_or(u32::MAX);
            let mut moving: Vec<u32> = all.clone().collect();
            shuffle(&mut moving, &mut rng);
            moving.truncate(self.ids / 2);
            let ranks = moving.clone();
            shuffle(&mut moving, &mut rng);
            let mut order: Vec<u32> = all.collect();
            for (rank, id) in ranks.into_iter().zip(moving) {
                order[rank as usize] = id;
            }
            order
        });
        Drift { order }
    }

    fn examples(&self, drift: Option<&Drift>, count: usize, stream: u64) -> Examples {
        let vectors: [&[f32]; FIELDS] = std::array::from_fn(|field| self.vectors[field].as_slice());
        let mut rng = generator(self.seed, stream);
        let mut examples = Examples::default();
        for _ in 0..count {
            let ids = self.draw(drift, &mut rng);
            let z = BIAS + products(&vectors, ids);
            examples.ids.push(ids);
            examples.labels.push(f32::from(u8::from(fraction(&mut rng) < 1.0 / (1.0 + (-z).exp()))));
            #[expect(clippy::cast_possible_truncation, reason = "only ever compared with logits of f32")]
            examples.logits.push(z as f32);
        }
        examples
    }

    fn draw(&self, drift: Option<&Drift>, rng: &mut Pcg64) -> [u32; FIELDS] {
        std::array::from_fn(|field| {
            let at = fraction(rng) * self.cumulated[self.ids - 1];
            let rank = self.cumulated.partition_point(|&end| end <= at).min(self.ids - 1);
            drift.map_or(u32::try_from(rank).unwrap_or(u32::MAX), |drift| drift.order[field][rank])
        })
    }
}

impl Drift {
    /// The ids of a field, the most frequent one first, as it is afterwards.
    pub fn by_rank(&self, field: usize) -> &[u32] {
        &self.order[field]
    }
}

/// What the tables know an id by.
pub fn raw_id(field: usize, id: u32) -> u64 {
    mix(((field as u64) << 32) + u64::from(id))
}

/// The sum of the products of all pairs of vectors: half of what the square of their sum has beyond their
/// squares.
fn products<T: Copy + Into<f64>>(vectors: &[&[T]; FIELDS], ids: [u32; FIELDS]) -> f64 {
    let mut twice = 0.0;
    for column in 0..PLANTED {
        let values: [f64; FIELDS] =
            std::array::from_fn(|field| vectors[field][ids[field] as usize * PLANTED + column].into());
        let sum: f64 = values.iter().sum();
        twice += sum * sum - values.iter().map(|value| value * value).sum::<f64>();
    }
    twice / 2.0
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn the_draws_are_pinned() {
        let examples = Problem::new(1000, 1).train(2);
        assert_eq!(examples.ids, PINNED);
    }

    const PINNED: [[u32; FIELDS]; 2] = [[53, 16, 27, 0], [2, 69, 52, 23]];

    #[test]
    fn a_longer_training_begins_with_the_same_examples() {
        let problem = Problem::new(100, 5);
        let [short, long] = [10, 20].map(|count| problem.train(count));
        assert_eq!(long.ids[..10], short.ids);
        assert_eq!(long.labels[..10], short.labels);
        assert_ne!(problem.test(10), short);
    }

    #[test]
    fn products_are_those_of_all_pairs() {
        let vectors: Vec<Vec<f64>> =
            (0..FIELDS).map(|field| (0..PLANTED).map(|c| (field * 3 + c) as f64).collect()).collect();
        let mut expected = 0.0;
        for a in 0..FIELDS {
            for b in 0..a {
                expected += vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum::<f64>();
            }
        }
        let vectors = std::array::from_fn(|field| vectors[field].as_slice());
        assert_eq!(products(&vectors, [0; FIELDS]), expected);
    }

    #[test]
    fn frequent_ids_are_frequent() {
        let problem = Problem::new(1000, 3);
        let examples = problem.test(20_000);
        for field in 0..FIELDS {
            let first = examples.ids.iter().filter(|ids| ids[field] == 0).count() as f64 / 20_000.0;
            assert_abs_diff_eq!(first, problem.probability(0), epsilon = 0.02);
        }
        let all: f64 = (0..1000).map(|rank| problem.probability(rank)).sum();
        assert_abs_diff_eq!(all, 1.0, epsilon = 1e-12);
    }

    #[test]
    fn a_drift_permutes_half_of_the_ids() {
        let problem = Problem::new(1000, 3);
        let drift = problem.drift();
        for field in 0..FIELDS {
            let order = drift.by_rank(field);
            let stayed = order.iter().enumerate().filter(|(rank, id)| *rank == **id as usize).count();
            // one or so of the permuted stays by chance
            assert!((500..510).contains(&stayed), "{stayed}");
            let mut ids = order.to_vec();
            ids.sort_unstable();
            assert!(ids.into_iter().eq(0..1000));
        }
        assert_ne!(drift.by_rank(0), drift.by_rank(1));
        let examples = problem.drifted(&drift, 5000);
        let first = examples.ids.iter().filter(|ids| ids[0] == drift.by_rank(0)[0]).count() as f64 / 5000.0;
        assert_abs_diff_eq!(first, problem.probability(0), epsilon = 0.03);
    }
}
