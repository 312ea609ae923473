//! Stochastic gradient descent without momentum.

use super::{Optimizer, WeightDecay};

/// Stochastic gradient descent without momentum.
///
/// `w = w - lr * g`; no state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// Learning rate.
    pub lr: f32,
    /// Weight decay of touched rows.
    pub weight_decay: WeightDecay,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { lr: 0.01, weight_decay: WeightDecay::None }
    }
}

impl From<Sgd> for Optimizer {
    fn from(optimizer: Sgd) -> Self {
        Self::Sgd(optimizer)
    }
}
