//! Features and the tables behind them.

use super::{Bounds, Pooling};
use crate::table::Shape;
use crate::{Error, Result};

/// One feature.
#[derive(Debug, Clone)]
pub(crate) struct FeatureSpec {
    pub(crate) name: String,
    pub(crate) table: usize,
    pub(crate) shape: Shape,
    pub(crate) pooling: Pooling,
    /// [`NONE`](crate::kernels::feature::NONE) if there is none.
    pub(crate) padding: u32,
}

/// What a batch is checked against; batches and bags share one.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) features: Vec<FeatureSpec>,
    pub(crate) bounds: Bounds,
    /// Whether the id 2^32 - 1 stands for a row of zeros.
    pub(crate) pruned: bool,
    /// For tables of several windows, rows of a window; 0 for the others.
    pub(crate) window_rows: Vec<u32>,
    pub(crate) first_window: Vec<usize>,
    pub(crate) windows: usize,
}

impl Schema {
    pub(crate) fn find(&self, name: &str) -> Result<usize> {
        self.features.iter().position(|feature| feature.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.features.iter().map(|feature| &*feature.name).collect();
            Error::invalid("feature", format!("one of {names:?}"), format!("{name:?}"))
        })
    }

    /// Columns of the matrix of all pooled features.
    pub(crate) fn columns(&self) -> usize {
        self.features.iter().map(|feature| feature.shape.dim as usize).sum()
    }

    pub(crate) fn has_sequences(&self) -> bool {
        self.features.iter().any(|feature| feature.pooling == Pooling::None)
    }
}
