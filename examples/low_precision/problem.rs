//! The made-up clicks of a factorisation machine: ids of four fields have planted factors, and an example is
//! clicked with the probability that the products of its ids' factors give.
//!
//! What is drawn, all of it from [`SEED`]:
//!
//! - **Ids.** [`FIELDS`] fields of [`Size::rows`] ids each (20,000), numbered by falling frequency as a
//!   vocabulary is; id `k`, from 0 on, has the weight `1 / (k + 1)^1.1` in its field, and its probability is
//!   its share of all weights.
//! - **Planted factors**, [`DIM`] for each id of each field: normal with the variance [`PLANTED_VARIANCE`],
//!   rounded to `f32`. The logit is [`BASE`] and the products of the factors of all six pairs of fields,
//!   whose sum has the variance `6 * 16 * 0.15^2 = 2.16`.
//! - **Examples**: an id of each field, independent of the others, and a label, which is 1 with the
//!   probability `sigmoid(logit)`. The training takes [`Size::steps`] batches of [`BATCH`], one after the
//!   other, none twice; the test set has [`Size::test`] others.
//!
//! How it is drawn: `generator(seed, stream)` of `random.rs` is PCG64 (XSL-RR 128/64) with state `mix(seed)`
//! and stream `mix(stream)`. A fraction is the top 53 bits of one draw; a normal number is Box and Muller's
//! cosine of two fractions, radius first; an id is the first whose cumulated probability is above a fraction.
//! The streams:
//!
//! | stream | what, in this order |
//! |---|---|
//! | 0 | planted factors: of all ids of the first field, id by id, then of the next |
//! | 1 | training examples: ids of the four fields and label of the first, then of the next; more steps begin alike |
//! | 2 | test examples, likewise |
//!
//! What is learnt begins as `EmbeddingBags` draws it, uniform in `[-0.05, 0.05)` by the seed; `model.rs` says
//! how it is trained. The numbers of the other parts of this example have seeds of their own, named where
//! they are drawn.

use crate::random::{Pcg64, fraction, generator, normal};

/// Fields of an example.
pub const FIELDS: usize = 4;
/// Factors of an id.
pub const DIM: usize = 16;
/// Examples of a step.
pub const BATCH: usize = 4096;
/// The logit of an example whose factors say nothing.
pub const BASE: f32 = -1.1;
/// Of everything that is drawn here.
pub const SEED: u64 = 1;

const ZIPF: f64 = 1.1;
const PLANTED_VARIANCE: f64 = 0.15;

const PLANTED: u64 = 0;
const TRAIN: u64 = 1;
const TEST: u64 = 2;

/// How large it all is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Ids of a field.
    pub rows: usize,
    /// Training steps.
    pub steps: usize,
    /// Test examples.
    pub test: usize,
}

/// What the criteria are judged of.
pub const WHOLE: Size = Size { rows: 20_000, steps: 1500, test: 1_000_000 };
/// To see that all works.
pub const QUICK: Size = Size { rows: 500, steps: 20, test: 20_000 };

/// Ids and labels of some examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// Of each field.
    pub ids: [Vec<u32>; FIELDS],
    pub labels: Vec<f32>,
}

/// The planted factors, and what examples are drawn by.
#[derive(Debug)]
pub struct Problem {
    size: Size,
    cumulated: Vec<f64>,
    /// Of each field.
    planted: [Vec<f32>; FIELDS],
    train: Pcg64,
}

impl Problem {
    pub fn new(size: Size) -> Self {
        let weights = (1..=size.rows).map(|rank| (rank as f64).powf(-ZIPF));
        let total: f64 = weights.clone().sum();
        let mut sum = 0.0;
        let cumulated = weights
            .map(|weight| {
                sum += weight / total;
                sum
            })
            .collect();
        let mut rng = generator(SEED, PLANTED);
        let deviation = PLANTED_VARIANCE.sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose, and far from f32's ends")]
        let planted = [(); FIELDS]
            .map(|()| (0..size.rows * DIM).map(|_| (deviation * normal(&mut rng)) as f32).collect());
        Self { size, cumulated, planted, train: generator(SEED, TRAIN) }
    }

    pub fn size(&self) -> Size {
        self.size
    }

    /// The next training batch.
    pub fn next_batch(&mut self) -> Examples {
        let mut rng = self.train.clone();
        let examples = self.examples(BATCH, &mut rng);
        self.train = rng;
        examples
    }

    /// The test set.
    pub fn test(&self) -> Examples {
        self.examples(self.size.test, &mut generator(SEED, TEST))
    }

    fn examples(&self, count: usize, rng: &mut Pcg64) -> Examples {
        let mut examples = Examples { ids: Default::default(), labels: Vec::with_capacity(count) };
        for _ in 0..count {
            let mut sum = [0.0; DIM];
            let mut squares = 0.0;
            for (ids, planted) in examples.ids.iter_mut().zip(&self.planted) {
                let at = fraction(rng);
                // rounded sums may end below 1
                let id = self.cumulated.partition_point(|&end| end <= at).min(self.size.rows - 1);
                for (sum, factor) in sum.iter_mut().zip(&planted[id * DIM..][..DIM]) {
                    *sum += factor;
                    squares += factor * factor;
                }
                ids.push(u32::try_from(id).unwrap_or(0));
            }
            // the products of all pairs
            let pairs = (sum.iter().map(|sum| sum * sum).sum::<f32>() - squares) / 2.0;
            let clicked = fraction(rng) < 1.0 / (1.0 + f64::from(-BASE - pairs).exp());
            examples.labels.push(f32::from(u8::from(clicked)));
        }
        examples
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn the_draws_are_pinned() {
        let mut problem = Problem::new(QUICK);
        let first = problem.next_batch();
        assert_eq!(first.ids.each_ref().map(|ids| ids[0]), PINNED_IDS);
        assert_ne!(first, problem.next_batch());
        assert_eq!(first, Problem::new(QUICK).next_batch());
        // the last bit of a logarithm or of an exponential may be another elsewhere
        let clicks: f32 = problem.test().labels.iter().sum();
        assert_abs_diff_eq!(clicks, PINNED_CLICKS, epsilon = 3.0);
    }

    const PINNED_IDS: [u32; FIELDS] = [99, 4, 20, 6];
    const PINNED_CLICKS: f32 = 5819.0;

    #[test]
    fn frequent_ids_are_frequent() {
        let test = Problem::new(QUICK).test();
        let weights: f64 = (1..=QUICK.rows).map(|rank| (rank as f64).powf(-ZIPF)).sum();
        let first = test.ids[2].iter().filter(|&&id| id == 0).count() as f64 / test.labels.len() as f64;
        assert_abs_diff_eq!(first, 1.0 / weights, epsilon = 0.01);
    }
}
