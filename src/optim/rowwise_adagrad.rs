//! Row-wise Adagrad: Adagrad with one value of state for a row, as in FBGEMM and DLRM.

use serde::{Deserialize, Serialize};

use super::row::{Row, RowOptimizer, State, mean_square};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, WeightDecay, state};

/// Row-wise Adagrad: Adagrad with one value of state for a row, as in FBGEMM and DLRM.
///
/// `s = s + mean(g^2)` over the row, `w = w - lr / (sqrt(s) + eps) * g`; state: `sum`, one value for each
/// row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

impl Rule for RowwiseAdagrad {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::RowwiseAdagrad
    }

    fn states(&self) -> &'static [StateField] {
        &[state::ROW_SUM]
    }

    fn params(&self, _step: u32) -> Params {
        Params { eps: self.eps, ..self.weight_decay.params(self.lr) }
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps.into()), self.weight_decay.named()]
    }
}

impl RowOptimizer for RowwiseAdagrad {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let sum = f32::from_bits(state.row[0]) + mean_square(row.g);
        state.row[0] = sum.to_bits();
        let scale = p.lr / (sum.sqrt() + p.eps);
        for (w, g) in row.w.iter_mut().zip(row.g) {
            *w = *w * p.keep - g * scale;
        }
    }
}
