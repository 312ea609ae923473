//! LARS (You et al., 2017): momentum with a rate for each row, as in FBGEMM.

use serde::{Deserialize, Serialize};

use super::row::{Row, RowOptimizer, State};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, StateKind, WeightDecay};
use crate::cpu::norm::norm;

/// LARS (You et al., 2017): momentum with a rate for each row, as in FBGEMM.
///
/// `rate = lr eta |w| / (|g| + weight_decay |w|)` with norms over the row, or `lr` where one of them is 0;
/// `m = momentum m + rate (g + weight_decay w); w = w - m`; state: `momentum`, one value for each element.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LarsSgd {
    /// Learning rate.
    pub lr: f32,
    /// The trust coefficient.
    pub eta: f32,
    /// What is left of the last step.
    pub momentum: f32,
    /// Weight decay within the step.
    pub weight_decay: f32,
}

impl Default for LarsSgd {
    fn default() -> Self {
        Self { lr: 0.01, eta: 0.001, momentum: 0.9, weight_decay: 0.0 }
    }
}

impl Rule for LarsSgd {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::LarsSgd
    }

    fn states(&self) -> &'static [StateField] {
        const MOMENTUM: StateField = StateField::new("momentum", StateKind::Element);
        &[MOMENTUM]
    }

    fn params(&self, _step: u32) -> Params {
        Params {
            eta: self.eta,
            momentum: self.momentum,
            decay: self.weight_decay,
            ..WeightDecay::None.params(self.lr)
        }
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("eta", self.eta.into()),
            ("momentum", self.momentum.into()),
            ("weight_decay", self.weight_decay.into()),
        ]
    }
}

impl RowOptimizer for LarsSgd {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let (g, w) = (norm(row.g), norm(row.w));
        // both multiplied by the same
        let times = g.times.min(w.times);
        let norm = w.root * (times / w.times);
        let whole = g.root * (times / g.times) + p.decay * norm;
        let given = w.root > 0.0 && g.root > 0.0;
        let rate = if given { p.lr * p.eta * norm / whole } else { p.lr };
        for ((w, g), m) in row.w.iter_mut().zip(row.g).zip(state.a) {
            *m = *m * p.momentum + (g + *w * p.decay) * rate;
            *w = *w * p.keep - *m;
        }
    }
}
