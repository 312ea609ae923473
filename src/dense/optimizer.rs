//! Optimizers of dense parameters.

use serde::{Deserialize, Serialize};

use crate::kernels::dense_update::{OPTIMIZERS, Params};
use crate::{Error, Result};

/// An optimizer of dense parameters with its hyper-parameters, in the meaning of `torch.optim`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenseOptimizer {
    /// `w -= lr (g + weight_decay w)`
    Sgd {
        /// Learning rate.
        lr: f32,
        /// L2 penalty.
        weight_decay: f32,
    },
    /// `s += g^2; w -= lr g / (sqrt(s) + eps)` (Duchi et al., 2011).
    Adagrad {
        /// Learning rate.
        lr: f32,
        /// Added to the root.
        eps: f32,
    },
    /// Adam (Kingma and Ba, 2015), or AdamW (Loshchilov and Hutter, 2019): `m += (1 - beta1) (g - m);
    /// v = beta2 v + (1 - beta2) g^2; w -= lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)`.
    Adam {
        /// Learning rate.
        lr: f32,
        /// Decay rates of the two moments, each at least 0 and below 1.
        betas: [f64; 2],
        /// Added to the root.
        eps: f32,
        /// Weight decay.
        weight_decay: f32,
        /// Whether the decay is taken from the weights (AdamW), or added to the gradient (L2).
        decoupled: bool,
    },
}

impl DenseOptimizer {
    /// Refuses hyper-parameters that make no sense.
    pub(super) fn validate(&self) -> Result<()> {
        let least_zero = |name: &str, value: f32| {
            if value.is_finite() && value >= 0.0 {
                return Ok(());
            }
            Err(Error::invalid(name, "a finite number of at least 0", value))
        };
        match *self {
            Self::Sgd { lr, weight_decay } => {
                least_zero("lr", lr)?;
                least_zero("weight_decay", weight_decay)
            }
            Self::Adagrad { lr, eps } => {
                least_zero("lr", lr)?;
                least_zero("eps", eps)
            }
            Self::Adam { lr, betas, eps, weight_decay, .. } => {
                least_zero("lr", lr)?;
                least_zero("eps", eps)?;
                least_zero("weight_decay", weight_decay)?;
                match betas.iter().find(|beta| !(0.0..1.0).contains(*beta)) {
                    Some(beta) => Err(Error::invalid("betas", "at least 0 and below 1", beta)),
                    None => Ok(()),
                }
            }
        }
    }

    /// The learning rate.
    #[must_use]
    pub fn lr(&self) -> f32 {
        let (Self::Sgd { lr, .. } | Self::Adagrad { lr, .. } | Self::Adam { lr, .. }) = *self;
        lr
    }

    /// The same optimizer with another learning rate.
    #[must_use]
    pub fn with_lr(mut self, rate: f32) -> Self {
        let (Self::Sgd { lr, .. } | Self::Adagrad { lr, .. } | Self::Adam { lr, .. }) = &mut self;
        *lr = rate;
        self
    }

    /// The kernel's variant.
    pub(super) fn variant(&self) -> usize {
        match self {
            Self::Sgd { .. } => 0,
            Self::Adagrad { .. } => 1,
            Self::Adam { .. } => 2,
        }
    }

    /// Names of the values of state that an element has.
    pub(super) fn state(&self) -> &'static [&'static str] {
        let names: &[&str] = match self {
            Self::Sgd { .. } => &[],
            Self::Adagrad { .. } => &["sum"],
            Self::Adam { .. } => &["exp_avg", "exp_avg_sq"],
        };
        debug_assert_eq!(names.len(), OPTIMIZERS[self.variant()].1);
        names
    }

    /// The parameters of a step, for a parameter of `4 * quads` elements.
    #[allow(clippy::cast_possible_truncation, reason = "constants are computed in f64 and rounded once")]
    pub(super) fn params(&self, progress: &Progress, quads: u32) -> Params {
        let base = Params { quads, keep: 1.0, ..Params::default() };
        match *self {
            Self::Sgd { lr, weight_decay } => Params { lr, l2: weight_decay, ..base },
            Self::Adagrad { lr, eps } => Params { lr, eps, ..base },
            Self::Adam { lr, betas, eps, weight_decay, decoupled } => {
                let [first, second] = progress.powers.map(|power| 1.0 - power);
                let keep = 1.0 - f64::from(lr) * f64::from(weight_decay);
                Params {
                    lr: (f64::from(lr) / first) as f32,
                    eps,
                    l2: if decoupled { 0.0 } else { weight_decay },
                    keep: if decoupled { keep as f32 } else { 1.0 },
                    beta2: betas[1] as f32,
                    one_minus_beta1: (1.0 - betas[0]) as f32,
                    one_minus_beta2: (1.0 - betas[1]) as f32,
                    root_correction: second.sqrt() as f32,
                    ..base
                }
            }
        }
    }
}

/// How many steps were taken, and the powers that bias corrections are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Progress {
    pub(super) steps: u64,
    powers: [f64; 2],
}

impl Default for Progress {
    fn default() -> Self {
        Self::START
    }
}

impl Progress {
    pub(super) const START: Self = Self { steps: 0, powers: [1.0; 2] };

    /// One step further.
    pub(super) fn next(&self, optimizer: &DenseOptimizer) -> Self {
        let betas = match optimizer {
            DenseOptimizer::Adam { betas, .. } => *betas,
            DenseOptimizer::Sgd { .. } | DenseOptimizer::Adagrad { .. } => [0.0; 2],
        };
        let powers = [self.powers[0] * betas[0], self.powers[1] * betas[1]];
        Self { steps: self.steps.saturating_add(1), powers }
    }

    /// What `steps` steps lead to.
    pub(super) fn after(steps: u64, optimizer: &DenseOptimizer) -> Self {
        let mut progress = Self::START;
        while progress.steps < steps {
            let next = progress.next(optimizer);
            if next.powers == progress.powers {
                return Self { steps, ..next };
            }
            progress = next;
        }
        progress
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    const ADAM: DenseOptimizer =
        DenseOptimizer::Adam { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, decoupled: false };

    #[test]
    fn progress_can_be_taken_up_again() {
        let mut progress = Progress::START;
        for _ in 0..1000 {
            progress = progress.next(&ADAM);
        }
        assert_eq!(Progress::after(1000, &ADAM), progress);
        assert_abs_diff_eq!(progress.powers[1], 0.999f64.powi(1000), epsilon = 1e-12);
        // powers end at 0, so that this does not take forever
        assert_eq!(Progress::after(u64::MAX, &ADAM).steps, u64::MAX);
    }

    #[test]
    fn senseless_hyper_parameters_are_refused() {
        let adam =
            |betas| DenseOptimizer::Adam { lr: 0.1, betas, eps: 0.0, weight_decay: 0.0, decoupled: true };
        for bad in [
            DenseOptimizer::Sgd { lr: -1.0, weight_decay: 0.0 },
            DenseOptimizer::Sgd { lr: 0.1, weight_decay: f32::NAN },
            DenseOptimizer::Adagrad { lr: f32::INFINITY, eps: 0.0 },
            adam([1.0, 0.5]),
            adam([0.5, f64::NAN]),
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
        assert!(adam([0.0, 0.0]).validate().is_ok());
        assert_eq!(ADAM.with_lr(0.5).lr(), 0.5);
    }
}
