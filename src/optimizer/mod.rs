//! Fused optimizers of table rows: hyper-parameters and what they mean.
//!
//! Each is applied once to every row that a batch touched, with the exact sum of the row's gradients. The formulas
//! are FBGEMM's.

mod adagrad;
mod rowwise_adagrad;
mod sgd;

pub use adagrad::Adagrad;
pub use rowwise_adagrad::RowwiseAdagrad;
pub use sgd::Sgd;

use serde::{Deserialize, Serialize};

use crate::kernels::row_update::{OPTIMIZERS, Params};
use crate::{Error, Result};

/// Weight decay of touched rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightDecay {
    /// None.
    #[default]
    None,
    /// L2 penalty: `g + c * w` takes the place of the gradient, in the state too.
    L2(f32),
    /// Decoupled: `w` is multiplied by `1 - lr * c` besides the step.
    Decoupled(f32),
}

/// A fused optimizer with its hyper-parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// See [`Sgd`].
    Sgd(Sgd),
    /// See [`Adagrad`].
    Adagrad(Adagrad),
    /// See [`RowwiseAdagrad`].
    RowwiseAdagrad(RowwiseAdagrad),
}

impl Optimizer {
    /// The name that checkpoints use.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::Adagrad(_) => "adagrad",
            Self::RowwiseAdagrad(_) => "rowwise_adagrad",
        }
    }

    /// The learning rate.
    #[must_use]
    pub fn lr(&self) -> f32 {
        match self {
            Self::Sgd(o) => o.lr,
            Self::Adagrad(o) => o.lr,
            Self::RowwiseAdagrad(o) => o.lr,
        }
    }

    /// The same optimizer with another learning rate.
    #[must_use]
    pub fn with_lr(mut self, lr: f32) -> Self {
        match &mut self {
            Self::Sgd(o) => o.lr = lr,
            Self::Adagrad(o) => o.lr = lr,
            Self::RowwiseAdagrad(o) => o.lr = lr,
        }
        self
    }

    /// Values of state for a row of `dim` columns.
    pub(crate) fn state_len(&self, dim: u32) -> u32 {
        let (_, row, element) = OPTIMIZERS[self.index()];
        row + element * dim
    }

    /// The place in the kernel's list.
    pub(crate) fn index(&self) -> usize {
        OPTIMIZERS.iter().position(|(name, ..)| *name == self.name()).unwrap_or(0)
    }

    /// Learning rate, eps (0 where there is none) and weight decay.
    pub(crate) fn hyper_parameters(&self) -> (f32, f32, WeightDecay) {
        match self {
            Self::Sgd(o) => (o.lr, 0.0, o.weight_decay),
            Self::Adagrad(o) => (o.lr, o.eps, o.weight_decay),
            Self::RowwiseAdagrad(o) => (o.lr, o.eps, o.weight_decay),
        }
    }

    pub(crate) fn params(&self) -> Params {
        let (lr, eps, decay) = self.hyper_parameters();
        let (l2, keep) = match decay {
            WeightDecay::None => (0.0, 1.0),
            WeightDecay::L2(c) => (c, 1.0),
            WeightDecay::Decoupled(c) => (0.0, 1.0 - lr * c),
        };
        Params { lr, eps, l2, keep, ..Params::default() }
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let Params { lr, eps, l2, keep, .. } = self.params();
        for (name, value) in [("lr", lr), ("eps", eps), ("weight_decay", l2), ("weight_decay", keep)] {
            if !value.is_finite() {
                return Err(Error::invalid(format!("{} {name}", self.name()), "a finite number", value));
            }
        }
        if eps < 0.0 {
            return Err(Error::invalid(format!("{} eps", self.name()), "0 or more", eps));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_kernel() {
        for optimizer in [Sgd::default().into(), Adagrad::default().into(), RowwiseAdagrad::default().into()]
        {
            let optimizer: Optimizer = optimizer;
            assert_eq!(OPTIMIZERS[optimizer.index()].0, optimizer.name());
            assert_eq!(optimizer.with_lr(0.5).lr(), 0.5);
        }
    }

    #[test]
    fn hyper_parameters_are_checked() {
        let bad: Optimizer = Adagrad { eps: -1.0, ..Default::default() }.into();
        assert_eq!(bad.validate().unwrap_err().to_string(), "adagrad eps: expected 0 or more, got -1");
        let bad: Optimizer = Sgd { lr: f32::NAN, ..Default::default() }.into();
        assert!(bad.validate().is_err());
    }
}
