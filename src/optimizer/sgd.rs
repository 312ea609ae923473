//! Stochastic gradient descent without momentum.

use serde::{Deserialize, Serialize};

use super::{Rule, StateField, WeightDecay};
use crate::kernels::row_update::Params;

/// Stochastic gradient descent without momentum.
///
/// `w = w - lr * g`; no state. A negative rate adds gradients up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

impl Rule for Sgd {
    fn kernel(&self) -> &'static str {
        "sgd"
    }

    fn states(&self) -> &'static [StateField] {
        &[]
    }

    fn params(&self, _step: u32) -> Params {
        self.weight_decay.params(self.lr)
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![self.weight_decay.named()]
    }
}
