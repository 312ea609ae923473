//! Adam (Kingma and Ba, 2015) for the rows that a batch touches.

use serde::{Deserialize, Serialize};

use super::moments::{check_betas, with_moments};
use super::row::{Row, RowOptimizer, State, first_moment, second_moment};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, WeightDecay, state};
use crate::Result;
use crate::cpu::powers::one_minus_power;

/// What the number of steps is that bias is corrected by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BiasCorrection {
    /// All steps of the training, as in FBGEMM and torch's `SparseAdam`.
    #[default]
    Steps,
    /// The row's own updates, which a counter in its state counts (FBGEMM's row-wise bias correction).
    RowUpdates,
}

/// Where `eps` is added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EpsPlace {
    /// To the root of the corrected moment, `sqrt(v / (1 - beta2^t)) + eps`, as in FBGEMM and torch's `Adam`.
    #[default]
    Corrected,
    /// To the root of the moment itself: `(sqrt(v) + eps) / sqrt(1 - beta2^t)`, as in torch's `SparseAdam`.
    Uncorrected,
}

/// Adam (Kingma and Ba, 2015) for the rows that a batch touches; with decoupled weight decay `AdamW`.
///
/// `m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w = w - lr m / (1 - beta1^t) / (sqrt(v / (1 -
/// beta2^t)) + eps)`; state: `exp_avg` and `exp_avg_sq`, one value each for each element, and with
/// [`BiasCorrection::RowUpdates`] `row_counter`, a counter for each row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Learning rate.
    pub lr: f32,
    /// Decay rates of the two moments, each at least 0 and below 1.
    pub betas: [f64; 2],
    /// Added to the root of the second moment.
    pub eps: f32,
    /// Weight decay of touched rows.
    pub weight_decay: WeightDecay,
    /// What the number of steps is that bias is corrected by.
    pub bias_correction: BiasCorrection,
    /// Where `eps` is added.
    pub eps_place: EpsPlace,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            lr: 0.001,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: WeightDecay::None,
            bias_correction: BiasCorrection::Steps,
            eps_place: EpsPlace::Corrected,
        }
    }
}

impl Rule for Adam {
    fn kernel(&self) -> OptimizerKind {
        match self.bias_correction {
            BiasCorrection::Steps => OptimizerKind::Adam,
            BiasCorrection::RowUpdates => OptimizerKind::AdamByRow,
        }
    }

    fn states(&self) -> &'static [StateField] {
        match self.bias_correction {
            BiasCorrection::Steps => &[state::EXP_AVG, state::EXP_AVG_SQ],
            BiasCorrection::RowUpdates => &[state::EXP_AVG, state::EXP_AVG_SQ, state::ROW_COUNTER],
        }
    }

    fn params(&self, step: u32) -> Params {
        let params = Params {
            eps: self.eps,
            uncorrected_eps: u32::from(self.eps_place == EpsPlace::Uncorrected),
            ..self.weight_decay.params(self.lr)
        };
        with_moments(params, self.betas, step)
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps.into()), self.weight_decay.named()]
    }

    fn check(&self) -> Result<()> {
        check_betas(self.betas)
    }
}

impl RowOptimizer for Adam {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        step(p, row, state, p.lr * p.correction1, p.correction2);
    }
}

/// A step with the rate and the factor of the root that the corrections of bias make.
#[inline(always)]
fn step(p: &Params, row: Row<'_>, state: State<'_>, rate: f32, root: f32) {
    let eps = if p.uncorrected_eps == 1 { p.eps * root } else { p.eps };
    first_moment(p, row.g, state.a);
    second_moment(p, row.g, state.b);
    for ((w, m), v) in row.w.iter_mut().zip(state.a).zip(state.b) {
        *w = *w * p.keep - *m * rate / (v.sqrt() * root + eps);
    }
}

/// [`Adam`] with [`BiasCorrection::RowUpdates`], which is a kernel of its own.
pub(crate) struct AdamByRow;

impl RowOptimizer for AdamByRow {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let updates = state.row[0].saturating_add(1);
        state.row[0] = updates;
        let first = one_minus_power(p.one_minus_beta1, updates);
        let second = one_minus_power(p.one_minus_beta2, updates);
        step(p, row, state, p.lr / first, 1.0 / second.sqrt());
    }
}
