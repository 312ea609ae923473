//! Adagrad (Duchi et al., 2011), element by element.

use super::{Optimizer, WeightDecay};

/// Adagrad (Duchi et al., 2011), element by element.
///
/// `s = s + g^2; w = w - lr * g / (sqrt(s) + eps)`; one value of state for each element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adagrad {
    /// Learning rate.
    pub lr: f32,
    /// Added to the root of the state.
    pub eps: f32,
    /// Weight decay of touched rows.
    pub weight_decay: WeightDecay,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { lr: 0.01, eps: 1e-8, weight_decay: WeightDecay::None }
    }
}

impl From<Adagrad> for Optimizer {
    fn from(optimizer: Adagrad) -> Self {
        Self::Adagrad(optimizer)
    }
}
