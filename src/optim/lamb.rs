//! LAMB (You et al., 2020) with a trust ratio for each row, as in FBGEMM.

use serde::{Deserialize, Serialize};

use super::moments::{check_betas, with_moments};
use super::row::{Row, RowOptimizer, State, first_moment, second_moment, trusted_step};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, WeightDecay, state};
use crate::Result;

/// LAMB (You et al., 2020) with a trust ratio for each row, as in FBGEMM.
///
/// Moments as [`Adam`](super::Adam)'s; `u = mhat / (sqrt(vhat) + eps) + weight_decay w; w = w - lr |w| / |u|
/// u`, with norms over the row and a ratio of 1 where one of them is 0 (FBGEMM has none there, so that rows
/// of zeros would stay zeros); state: `exp_avg` and `exp_avg_sq`, one value each for each element.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lamb {
    /// Learning rate.
    pub lr: f32,
    /// Decay rates of the two moments, each at least 0 and below 1.
    pub betas: [f64; 2],
    /// Added to the root of the corrected second moment.
    pub eps: f32,
    /// Weight decay within the step, before the trust ratio.
    pub weight_decay: f32,
}

impl Default for Lamb {
    fn default() -> Self {
        Self { lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Rule for Lamb {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::Lamb
    }

    fn states(&self) -> &'static [StateField] {
        &[state::EXP_AVG, state::EXP_AVG_SQ]
    }

    fn params(&self, step: u32) -> Params {
        let Self { lr, betas, eps, weight_decay } = *self;
        params(lr, betas, eps, weight_decay, step)
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps.into()), ("weight_decay", self.weight_decay.into())]
    }

    fn check(&self) -> Result<()> {
        check_betas(self.betas)
    }
}

/// The kernel's parameters of either LAMB.
pub(super) fn params(lr: f32, betas: [f64; 2], eps: f32, weight_decay: f32, step: u32) -> Params {
    let params = Params { eps, decay: weight_decay, ..WeightDecay::None.params(lr) };
    with_moments(params, betas, step)
}

/// `u = m / (1 - beta1^t) / root + decay w`
#[inline(always)]
pub(super) fn direction(p: &Params, w: f32, m: f32, root: f32) -> f32 {
    m * p.correction1 / root + w * p.decay
}

impl RowOptimizer for Lamb {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        first_moment(p, row.g, state.a);
        second_moment(p, row.g, state.b);
        let (w, u) = (row.w, row.step);
        for (((u, w), m), v) in u.iter_mut().zip(&*w).zip(state.a).zip(state.b) {
            *u = direction(p, *w, *m, v.sqrt() * p.correction2 + p.eps);
        }
        trusted_step(p, w, u);
    }
}
