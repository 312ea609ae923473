//! Made-up clicks with a planted signal: Zipf-distributed ids, as real logs have them, whose
//! effects on the click are known. No model can do better than the planted probabilities, whose
//! test AUC is about 0.85.

use super::ids::raw_id;
use super::memory::MemoryData;
use super::random::{Pcg64, below, fraction, generator, mix, normal, unit};
use super::{DataError, DataState, Examples, FeatureSpec, Format, Ids, Schema};

const TRAIN: usize = 150_000;
const TEST: usize = 15_000;
const ZIPF_EXPONENT: f64 = 1.05;
const HISTORY: usize = 20;
const NUMERIC: [&str; 4] = ["price", "age", "recency", "position"];
/// What a standard deviation of each number adds to the log odds.
const SLOPES: [f64; 4] = [0.5, -0.4, 0.3, 0.0];
/// The log odds of a click where nothing else is known.
const BIAS: f64 = -1.2;
/// What the agreement of user and advertiser adds to the log odds.
const PAIR: f64 = 0.7;

/// A categorical column: its table, the rows and the spread of its rows' log odds.
struct Column {
    name: &'static str,
    table: &'static str,
    rows: u32,
    effect: f64,
}

const fn column(name: &'static str, table: &'static str, rows: u32, effect: f64) -> Column {
    Column { name, table, rows, effect }
}

/// One id each per example.
const COLUMNS: [Column; 8] = [
    column("user", "user", 20_000, 0.6),
    column("item", "item", 10_000, 0.6),
    column("advertiser", "advertiser", 1_000, 0.7),
    column("site", "site", 4_000, 0.5),
    column("referrer", "site", 4_000, 0.2),
    column("category", "category", 1_000, 0.7),
    column("region", "region", 300, 0.4),
    column("device", "device", 500, 0.4),
];
const USER: usize = 0;
const ADVERTISER: usize = 2;
/// The pair's effects are other than its columns' own: those of features that do not exist.
const PAIR_FEATURES: usize = 100;

/// Up to [`HISTORY`] items per example, pooled by their mean, which has less spread than an item.
const BAG: Column = column("history", "item", 10_000, 1.2);

/// Draws the data of a seed: the checkpoint's, if there is one, whose ids have the meaning that
/// the model has learnt.
pub fn generate(seed: u64, ids: Ids, state: Option<&DataState>) -> Result<MemoryData, DataError> {
    if let Some(state) = state {
        state.verify(0, 0, |_| schema())?;
    }
    let seed = state.and_then(|state| state.seed).unwrap_or(seed);
    let state = DataState { seed: Some(seed), ..DataState::new(Format::Synthetic, schema(), ids) };
    let planted = Planted::new(seed);
    let draw = |count, stream| {
        let mut examples = planted.draw(count, &mut generator(seed, stream)).0;
        if ids == Ids::Raw {
            make_raw(&mut examples);
        }
        examples
    };
    let (train, test) = (draw(TRAIN, 0), draw(TEST, 1));
    Ok(MemoryData::new(state, train, test))
}

/// Puts raw ids in the place of rows.
fn make_raw(examples: &mut Examples) {
    for (bags, column) in examples.features.iter_mut().zip(COLUMNS.iter().chain([&BAG])) {
        for id in &mut bags.values {
            *id = raw_id(column.table, &id.to_le_bytes());
        }
    }
}

fn schema() -> Schema {
    let feature = |column: &Column, mean| FeatureSpec {
        name: column.name.to_owned(),
        table: column.table.to_owned(),
        rows: column.rows,
        mean,
        weighted: false,
    };
    Schema {
        numeric: NUMERIC.map(str::to_owned).to_vec(),
        features: (COLUMNS.iter().map(|column| feature(column, false)))
            .chain([feature(&BAG, true)])
            .collect(),
    }
}

/// The distribution that the examples are drawn from.
struct Planted {
    seed: u64,
    /// One per column, then the bag's.
    zipf: Vec<Zipf>,
}

impl Planted {
    fn new(seed: u64) -> Self {
        let columns = COLUMNS.iter().chain([&BAG]);
        Self { seed, zipf: columns.map(|column| Zipf::new(column.rows)).collect() }
    }

    /// A row's effect in a feature, uniform with variance 1. It is hashed, not stored.
    fn effect(&self, feature: usize, row: u32) -> f64 {
        let key = mix(mix(self.seed) ^ feature as u64) ^ u64::from(row);
        (unit(mix(key)) - 0.5) * f64::sqrt(12.0)
    }

    /// Draws examples, with the probabilities that their labels were drawn with.
    fn draw(&self, count: usize, rng: &mut Pcg64) -> (Examples, Vec<f64>) {
        let mut examples = Examples::empty(&schema());
        let probabilities = (0..count).map(|_| self.draw_one(rng, &mut examples)).collect();
        (examples, probabilities)
    }

    fn draw_one(&self, rng: &mut Pcg64, examples: &mut Examples) -> f64 {
        let mut log_odds = BIAS;
        let mut rows = [0; COLUMNS.len()];
        for (feature, column) in COLUMNS.iter().enumerate() {
            rows[feature] = self.zipf[feature].draw(rng);
            log_odds += column.effect * self.effect(feature, rows[feature]);
            examples.features[feature].push([rows[feature].into()]);
        }
        let taste = self.effect(PAIR_FEATURES + USER, rows[USER]);
        let style = self.effect(PAIR_FEATURES + ADVERTISER, rows[ADVERTISER]);
        log_odds += PAIR * taste * style;
        log_odds += BAG.effect * self.draw_history(rng, examples);
        for slope in SLOPES {
            let number = normal(rng);
            log_odds += slope * number;
            #[expect(clippy::cast_possible_truncation, reason = "a draw, of any precision")]
            examples.numeric.push(number as f32);
        }
        let probability = 1.0 / (1.0 + (-log_odds).exp());
        examples.labels.push(f32::from(u8::from(fraction(rng) < probability)));
        probability
    }

    /// Draws a bag of 0 to [`HISTORY`] items and returns their mean effect.
    fn draw_history(&self, rng: &mut Pcg64, examples: &mut Examples) -> f64 {
        let bag = COLUMNS.len();
        let length = below(rng, HISTORY + 1);
        let rows: Vec<u32> = (0..length).map(|_| self.zipf[bag].draw(rng)).collect();
        let sum: f64 = rows.iter().map(|&row| self.effect(bag, row)).sum();
        examples.features[bag].push(rows.into_iter().map(u64::from));
        sum / length.max(1) as f64
    }
}

/// Row r is drawn in proportion to 1 / (r + 1)^[`ZIPF_EXPONENT`].
struct Zipf {
    /// The weights' running sum.
    cumulative: Vec<f64>,
}

impl Zipf {
    fn new(rows: u32) -> Self {
        let weight = |sum: &mut f64, rank: u32| {
            *sum += f64::from(rank).powf(-ZIPF_EXPONENT);
            Some(*sum)
        };
        Self { cumulative: (1..=rows).scan(0.0, weight).collect() }
    }

    fn draw(&self, rng: &mut Pcg64) -> u32 {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let at = fraction(rng) * total;
        let row = self.cumulative.partition_point(|&sum| sum <= at);
        #[expect(clippy::cast_possible_truncation, reason = "there are u32 rows")]
        let row = row.min(self.cumulative.len() - 1) as u32;
        row
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;
    use std::num::NonZeroUsize;

    use super::super::Dataset;
    use super::*;

    /// The share of (positive, negative) pairs that the scores order rightly.
    fn auc(scores: &[f64], labels: &[f32]) -> f64 {
        let mut order: Vec<_> = scores.iter().zip(labels).collect();
        order.sort_by(|a, b| a.0.total_cmp(b.0));
        let (mut negatives, mut pairs) = (0.0, 0.0);
        for (_, label) in order {
            if *label > 0.5 {
                pairs += negatives;
            } else {
                negatives += 1.0;
            }
        }
        pairs / (negatives * (labels.len() as f64 - negatives))
    }

    #[test]
    fn the_planted_probabilities_reach_an_auc_of_about_0_85() {
        for seed in 1..4 {
            let (examples, probabilities) = Planted::new(seed).draw(TEST, &mut generator(seed, 1));
            let auc = auc(&probabilities, &examples.labels);
            let rate = examples.labels.iter().sum::<f32>() / examples.len() as f32;
            println!("seed {seed}: Bayes AUC {auc:.4}, click rate {rate:.3}");
            assert!((0.83..0.87).contains(&auc), "{auc}");
            assert!((0.2..0.4).contains(&rate), "{rate}");
        }
    }

    #[test]
    fn the_data_is_a_function_of_the_seed_and_a_checkpoint_s_seed_wins() -> Result<(), DataError> {
        let draw = |seed| Planted::new(seed).draw(100, &mut generator(seed, 0)).0;
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let first = generate(1, Ids::Rows, None)?;
        let resumed = generate(2, Ids::Rows, Some(first.state()))?;
        assert_eq!(resumed.state(), first.state());
        let batch = |data: &MemoryData| data.test(NonZeroUsize::MIN).next().transpose();
        assert_eq!(batch(&resumed)?, batch(&first)?);
        assert_eq!((first.train_len(), first.test_len()), (Some(TRAIN), Some(TEST)));
        Ok(())
    }

    #[test]
    fn examples_follow_the_schema() {
        let (examples, _) = Planted::new(1).draw(1000, &mut generator(1, 0));
        let schema = schema();
        assert_eq!(examples.numeric.len(), 1000 * schema.numeric.len());
        for (bags, feature) in examples.features.iter().zip(&schema.features) {
            assert_eq!(bags.lengths.len(), 1000);
            assert_eq!(bags.lengths.iter().sum::<u32>() as usize, bags.values.len());
            assert!(bags.values.iter().all(|&row| row < feature.rows.into()));
            let longest = if feature.mean { HISTORY } else { 1 };
            assert!(bags.lengths.iter().all(|&length| length as usize <= longest));
        }
    }

    #[test]
    fn low_rows_are_drawn_most() {
        let zipf = Zipf::new(1000);
        let mut rng = generator(1, 0);
        let draws: Vec<u32> = (0..10_000).map(|_| zipf.draw(&mut rng)).collect();
        let count = |row| draws.iter().filter(|&&drawn| drawn == row).count() as f64;
        assert_abs_diff_eq!(count(0) / count(1), 2_f64.powf(ZIPF_EXPONENT), epsilon = 0.3);
    }
}
