//! The maps from what a file says to what a model reads: vocabularies and standardisation.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The row shared by every key that the training data does not have (often enough).
pub const UNKNOWN: u32 = 0;

/// The rows of one embedding table by key; row 0 is [`UNKNOWN`].
///
/// Serialised as the keys in the order of their rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    keys: Vec<String>,
    rows: HashMap<String, u32>,
}

impl Vocabulary {
    /// Gives a row to each key that occurs at least `min_count` times, in the order of their first
    /// occurrence.
    pub fn new<K: AsRef<str>>(keys: impl IntoIterator<Item = K>, min_count: usize) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let mut order = Vec::new();
        for key in keys {
            let key = key.as_ref();
            match counts.get_mut(key) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(key.to_owned(), 1);
                    order.push(key.to_owned());
                }
            }
        }
        order.retain(|key| counts.get(key).is_some_and(|&count| count >= min_count));
        Self::from(order)
    }

    /// The row of a key, or [`UNKNOWN`].
    pub fn row(&self, key: &str) -> u32 {
        self.rows.get(key).copied().unwrap_or(UNKNOWN)
    }

    /// The rows of the table, the unknown row included.
    pub fn table_rows(&self) -> u32 {
        // `From` has numbered the keys with u32s from 1 on, so their count plus one is the
        // next number; it saturates only past 4 billion keys.
        u32::try_from(self.keys.len()).map_or(u32::MAX, |keys| keys.saturating_add(1))
    }
}

impl From<Vec<String>> for Vocabulary {
    fn from(keys: Vec<String>) -> Self {
        let rows = keys.iter().cloned().zip(1..).collect();
        Self { keys, rows }
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.keys
    }
}

/// The mean and the deviation that bring one numeric column to mean 0 and deviation 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    pub mean: f64,
    pub deviation: f64,
}

impl Scale {
    /// The scale of a column's values. A column without spread (or without values) keeps the
    /// deviation 1, so that it comes out as a constant near 0 rather than as NaN.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        // Welford's update: one pass, and no loss for a large mean with a small spread.
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for value in values {
            count += 1.0;
            let delta = value - mean;
            mean += delta / count;
            squares += delta * (value - mean);
        }
        let deviation = if count > 0.0 { f64::sqrt(squares / count) } else { 0.0 };
        Self { mean, deviation: if deviation > 0.0 { deviation } else { 1.0 } }
    }

    /// A value on the standard scale.
    pub fn apply(self, value: f64) -> f32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a standardised value needs no more than f32's precision"
        )]
        let scaled = ((value - self.mean) / self.deviation) as f32;
        scaled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_first_occurrence_and_rare_or_new_keys_are_unknown() {
        let vocabulary = Vocabulary::new(["b", "a", "b", "c", "a"], 2);
        assert_eq!(vocabulary.row("b"), 1);
        assert_eq!(vocabulary.row("a"), 2);
        assert_eq!(vocabulary.row("c"), UNKNOWN);
        assert_eq!(vocabulary.row("new"), UNKNOWN);
        assert_eq!(vocabulary.table_rows(), 3);
    }

    #[test]
    fn a_vocabulary_survives_json() -> serde_json::Result<()> {
        let vocabulary = Vocabulary::new(["x", "é"], 1);
        let json = serde_json::to_string(&vocabulary)?;
        assert_eq!(json, r#"["x","é"]"#);
        assert_eq!(serde_json::from_str::<Vocabulary>(&json)?, vocabulary);
        Ok(())
    }

    /// Without serde_json's feature `float_roundtrip` the last bit of some would change.
    #[test]
    fn a_scale_survives_json_bit_for_bit() -> serde_json::Result<()> {
        for n in 1..200 {
            let scale = Scale::of((1..=n).map(|x| f64::from(x).ln_1p()));
            let json = serde_json::to_string(&scale)?;
            assert_eq!(serde_json::from_str::<Scale>(&json)?, scale);
        }
        Ok(())
    }

    #[test]
    fn a_scale_standardises_and_tolerates_constant_and_empty_columns() {
        let scale = Scale::of([1.0, 3.0]);
        assert_eq!((scale.apply(1.0), scale.apply(3.0)), (-1.0, 1.0));
        assert_eq!(Scale::of([4.0, 4.0]).apply(4.0), 0.0);
        assert_eq!(Scale::of([]).apply(0.0), 0.0);
    }
}
