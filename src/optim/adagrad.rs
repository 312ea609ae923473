//! Adagrad (Duchi et al., 2011), element by element.

use serde::{Deserialize, Serialize};

use super::row::{Row, RowOptimizer, State};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, WeightDecay, state};

/// Adagrad (Duchi et al., 2011), element by element.
///
/// `s = s + g^2; w = w - lr * g / (sqrt(s) + eps)`; state: `sum`, one value for each element.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

impl Rule for Adagrad {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::Adagrad
    }

    fn states(&self) -> &'static [StateField] {
        &[state::SUM]
    }

    fn params(&self, _step: u32) -> Params {
        Params { eps: self.eps, ..self.weight_decay.params(self.lr) }
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps.into()), self.weight_decay.named()]
    }
}

impl RowOptimizer for Adagrad {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        for ((w, g), s) in row.w.iter_mut().zip(row.g).zip(state.a) {
            *s += g * g;
            *w = *w * p.keep - g * p.lr / (s.sqrt() + p.eps);
        }
    }
}
