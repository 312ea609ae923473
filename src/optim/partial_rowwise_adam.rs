//! Adam with one second moment for a row, as in FBGEMM.

use serde::{Deserialize, Serialize};

use super::moments::{check_betas, with_moments};
use super::row::{Row, RowOptimizer, State, first_moment, row_moment};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, WeightDecay, state};
use crate::Result;

/// Adam with one second moment for a row, as in FBGEMM.
///
/// As [`Adam`](super::Adam) with `v = beta2 v + (1 - beta2) mean(g^2)` over the row; state: `exp_avg`, one
/// value for each element, and `exp_avg_sq`, one for each row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PartialRowwiseAdam {
    /// Learning rate.
    pub lr: f32,
    /// Decay rates of the two moments, each at least 0 and below 1.
    pub betas: [f64; 2],
    /// Added to the root of the corrected second moment.
    pub eps: f32,
    /// Weight decay of touched rows.
    pub weight_decay: WeightDecay,
}

impl Default for PartialRowwiseAdam {
    fn default() -> Self {
        Self { lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weight_decay: WeightDecay::None }
    }
}

impl Rule for PartialRowwiseAdam {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::PartialRowwiseAdam
    }

    fn states(&self) -> &'static [StateField] {
        &[state::EXP_AVG, state::ROW_EXP_AVG_SQ]
    }

    fn params(&self, step: u32) -> Params {
        let params = Params { eps: self.eps, ..self.weight_decay.params(self.lr) };
        with_moments(params, self.betas, step)
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps.into()), self.weight_decay.named()]
    }

    fn check(&self) -> Result<()> {
        check_betas(self.betas)
    }
}

impl RowOptimizer for PartialRowwiseAdam {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let v = row_moment(p, row.g, &mut state.row[0]);
        let root = v.sqrt() * p.correction2 + p.eps;
        let rate = p.lr * p.correction1;
        first_moment(p, row.g, state.a);
        for (w, m) in row.w.iter_mut().zip(state.a) {
            *w = *w * p.keep - *m * rate / root;
        }
    }
}
