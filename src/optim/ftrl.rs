//! FTRL-proximal (McMahan et al., 2013).

use serde::{Deserialize, Serialize};

use super::row::{Row, RowOptimizer, State};
use super::{OptimizerKind, Params};
use super::{Rule, StateField, StateKind};
use crate::{Error, Result};

/// FTRL-proximal, "follow the regularised leader" (McMahan et al., "Ad click prediction: a view from the
/// trenches", 2013), for the rows that a batch touches: weights that data do not speak for are exactly zero.
///
/// `n' = n + g^2; z' = z + g - (sqrt(n') - sqrt(n)) / lr w; w' = 0` where `|z'| <= l1`, else `w' = -(z' -
/// sign(z') l1) / ((beta + sqrt(n')) / lr + l2)`; state: `z` and `n`, one value each for each element, from
/// zero.
///
/// The weights follow from `z` and `n`, so that a row's first values count in its first step alone, by as
/// much as `(sqrt(n') - sqrt(n)) / lr w`, as in TensorFlow: [`Init::Zero`](crate::Init::Zero) is the paper's.
/// Of [`UpdateRules`](super::UpdateRules), `max_norm` shortens the new row, and `z` does not learn of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ftrl {
    /// Learning rate, the paper's alpha; above 0.
    pub lr: f32,
    /// Makes the first steps shorter; the paper found 1 to do.
    pub beta: f32,
    /// How far `z` must go before a weight leaves zero.
    pub l1: f32,
    /// L2 penalty on the weights.
    pub l2: f32,
}

impl Default for Ftrl {
    fn default() -> Self {
        Self { lr: 0.1, beta: 1.0, l1: 0.0, l2: 0.0 }
    }
}

impl Rule for Ftrl {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::Ftrl
    }

    fn states(&self) -> &'static [StateField] {
        const Z: StateField = StateField::new("z", StateKind::Element);
        const N: StateField = StateField::new("n", StateKind::Element);
        &[Z, N]
    }

    fn params(&self, _step: u32) -> Params {
        let Self { lr, beta, l1, l2 } = *self;
        Params { lr, eps: beta, l1, decay: l2, keep: 1.0, ..Params::default() }
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![("beta", self.beta.into()), ("l1", self.l1.into()), ("l2", self.l2.into())]
    }

    fn check(&self) -> Result<()> {
        // it divides by the rate; one that is not finite is refused for all
        if self.lr <= 0.0 { Err(Error::invalid("ftrl lr", "more than 0", self.lr)) } else { Ok(()) }
    }
}

impl RowOptimizer for Ftrl {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        for (((w, g), z), n) in row.w.iter_mut().zip(row.g).zip(state.a).zip(state.b) {
            let sum = *n + g * g;
            let sigma = (sum.sqrt() - n.sqrt()) / p.lr;
            *z = *z + g - sigma * *w;
            *n = sum;
            let beyond = if *z > 0.0 { p.l1 } else { -p.l1 } - *z;
            let rate = (p.eps + sum.sqrt()) / p.lr + p.decay;
            *w = if z.abs() <= p.l1 { 0.0 } else { beyond / rate };
        }
    }
}
