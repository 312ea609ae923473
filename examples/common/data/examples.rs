//! The neutral shapes: what any of the formats turns into.

use embag::Pooling;
use serde::{Deserialize, Serialize};

/// The columns of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The names of the numeric columns; there may be none.
    pub numeric: Vec<String>,
    /// The categorical features, each a bag of ids.
    pub features: Vec<FeatureSpec>,
}

/// One categorical feature. Two features may name the same table, then with the same `rows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureSpec {
    pub name: String,
    /// The embedding table that the feature's ids are looked up in.
    pub table: String,
    /// The rows of that table; of no matter where ids are raw.
    pub rows: u32,
    /// Whether a bag is pooled by its mean; else it holds exactly one id or is summed.
    pub mean: bool,
    /// Whether a weight comes with each id.
    pub weighted: bool,
}

impl FeatureSpec {
    /// How its bags are pooled.
    pub const fn pooling(&self) -> Pooling {
        if self.mean { Pooling::Mean } else { Pooling::Sum }
    }
}

/// The bags of one feature: the ids of all examples one after another, and each bag's length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Jagged {
    pub values: Vec<u64>,
    /// One per example; their sum is `values.len()`.
    pub lengths: Vec<u32>,
    /// One per value, where the feature is weighted.
    pub weights: Option<Vec<f32>>,
}

impl Jagged {
    /// Adds an example's bag.
    pub fn push(&mut self, ids: impl IntoIterator<Item = u64>) {
        let mut length = 0;
        self.values.extend(ids.into_iter().inspect(|_| length += 1));
        self.lengths.push(length);
    }
}

/// Labelled examples: a batch, or a whole set.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// 1 or 0.
    pub labels: Vec<f32>,
    /// Row-major `[len, schema.numeric.len()]`.
    pub numeric: Vec<f32>,
    /// One per feature, in the schema's order.
    pub features: Vec<Jagged>,
}

impl Examples {
    /// No examples, in the shape of a schema.
    pub fn empty(schema: &Schema) -> Self {
        let bags =
            |feature: &FeatureSpec| Jagged { weights: feature.weighted.then(Vec::new), ..Jagged::default() };
        Self { labels: Vec::new(), numeric: Vec::new(), features: schema.features.iter().map(bags).collect() }
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }
}
