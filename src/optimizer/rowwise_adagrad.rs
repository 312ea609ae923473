//! Row-wise Adagrad: Adagrad with one value of state for a row, as in FBGEMM and DLRM.

use super::{Optimizer, WeightDecay};

/// Row-wise Adagrad: Adagrad with one value of state for a row, as in FBGEMM and DLRM.
///
/// `s = s + mean(g^2)` over the row, `w = w - lr / (sqrt(s) + eps) * g`; one value of state for each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowwiseAdagrad {
    /// Learning rate.
    pub lr: f32,
    /// Added to the root of the state.
    pub eps: f32,
    /// Weight decay of touched rows.
    pub weight_decay: WeightDecay,
}

impl Default for RowwiseAdagrad {
    fn default() -> Self {
        Self { lr: 0.01, eps: 1e-8, weight_decay: WeightDecay::None }
    }
}

impl From<RowwiseAdagrad> for Optimizer {
    fn from(optimizer: RowwiseAdagrad) -> Self {
        Self::RowwiseAdagrad(optimizer)
    }
}
