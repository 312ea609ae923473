//! How a bag's rows become an output, and what becomes of bad ids.

use serde::{Deserialize, Serialize};

use crate::kernels::feature::{POOL_MAX, POOL_MEAN, POOL_NONE, POOL_SUM};

/// How a bag's rows become an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The sum of weight times row; zeros for an empty bag.
    Sum,
    /// The same, divided by the number of ids (not by the sum of weights); zeros for an empty bag.
    Mean,
    /// The largest value of each column, the first of equal ones; a NaN counts only where it comes first, as
    /// in torch. Without per-sample weights; zeros for an empty bag.
    Max,
    /// No pooling (a sequence): each id's row times its weight, one output row an id.
    None,
}

impl Pooling {
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Sum => POOL_SUM,
            Self::Mean => POOL_MEAN,
            Self::Max => POOL_MAX,
            Self::None => POOL_NONE,
        }
    }
}

/// What becomes of ids that are no row of their table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// They are an error, and nothing is written.
    #[default]
    Error,
    /// They are left out, like the padding id, and counted.
    Skip,
}
