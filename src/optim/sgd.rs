//! Stochastic gradient descent without momentum.

use serde::{Deserialize, Serialize};

use super::row::{Row, RowOptimizer, State};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, WeightDecay};

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
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::Sgd
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

impl RowOptimizer for Sgd {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, _state: State<'_>) {
        for (w, g) in row.w.iter_mut().zip(row.g) {
            *w = *w * p.keep - g * p.lr;
        }
    }
}
