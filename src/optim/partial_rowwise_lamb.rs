//! LAMB with one second moment for a row, as in FBGEMM.

use serde::{Deserialize, Serialize};

use super::moments::check_betas;
use super::row::{Row, RowOptimizer, State, first_moment, row_moment, trusted_step};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, lamb, state};
use crate::Result;

/// LAMB with one second moment for a row, as in FBGEMM.
///
/// As [`Lamb`](super::Lamb) with `v = beta2 v + (1 - beta2) mean(g^2)` over the row; state: `exp_avg`, one
/// value for each element, and `exp_avg_sq`, one for each row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PartialRowwiseLamb {
    /// Learning rate.
    pub lr: f32,
    /// Decay rates of the two moments, each at least 0 and below 1.
    pub betas: [f64; 2],
    /// Added to the root of the corrected second moment.
    pub eps: f32,
    /// Weight decay within the step, before the trust ratio.
    pub weight_decay: f32,
}

impl Default for PartialRowwiseLamb {
    fn default() -> Self {
        Self { lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Rule for PartialRowwiseLamb {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::PartialRowwiseLamb
    }

    fn states(&self) -> &'static [StateField] {
        &[state::EXP_AVG, state::ROW_EXP_AVG_SQ]
    }

    fn params(&self, step: u32) -> Params {
        let Self { lr, betas, eps, weight_decay } = *self;
        lamb::params(lr, betas, eps, weight_decay, step)
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps.into()), ("weight_decay", self.weight_decay.into())]
    }

    fn check(&self) -> Result<()> {
        check_betas(self.betas)
    }
}

impl RowOptimizer for PartialRowwiseLamb {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let v = row_moment(p, row.g, &mut state.row[0]);
        let root = v.sqrt() * p.correction2 + p.eps;
        first_moment(p, row.g, state.a);
        let (w, u) = (row.w, row.step);
        for ((u, w), m) in u.iter_mut().zip(&*w).zip(state.a) {
            *u = lamb::direction(p, *w, *m, root);
        }
        trusted_step(p, w, u);
    }
}
