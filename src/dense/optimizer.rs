//! Optimizers of dense parameters.

use serde::{Deserialize, Serialize};

use crate::kernels::dense_update::{OPTIMIZERS, Params};
use crate::optim::{Adagrad, Adam, BiasCorrection, EpsPlace, Optimizer, Sgd, WeightDecay};
use crate::{Error, Result};

/// An optimizer of dense parameters: one of [`optim`](crate::optim) that is made for all elements, in the
/// meaning of `torch.optim`. Layers take [`Sgd`], [`Adagrad`] and [`Adam`] as they are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenseOptimizer {
    /// `w -= lr (g + weight_decay w)`
    Sgd(Sgd),
    /// `s += g^2; w -= lr g / (sqrt(s) + eps)` (Duchi et al., 2011).
    Adagrad(Adagrad),
    /// Adam (Kingma and Ba, 2015), or with decoupled weight decay AdamW (Loshchilov and Hutter, 2019): `m +=
    /// (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g^2; w -= lr / (1 - beta1^t) m / (sqrt(v / (1 -
    /// beta2^t)) + eps)`. Bias is corrected by all steps, and `eps` added to the corrected root, as [`Adam`]
    /// has it by default.
    Adam(Adam),
}

impl From<Sgd> for DenseOptimizer {
    fn from(sgd: Sgd) -> Self {
        Self::Sgd(sgd)
    }
}

impl From<Adagrad> for DenseOptimizer {
    fn from(adagrad: Adagrad) -> Self {
        Self::Adagrad(adagrad)
    }
}

impl From<Adam> for DenseOptimizer {
    fn from(adam: Adam) -> Self {
        Self::Adam(adam)
    }
}

impl DenseOptimizer {
    /// [`Sgd`] with this learning rate.
    #[must_use]
    pub fn sgd(lr: f32) -> Self {
        Sgd::new(lr).into()
    }

    /// [`Adagrad`] with this learning rate.
    #[must_use]
    pub fn adagrad(lr: f32) -> Self {
        Adagrad::new(lr).into()
    }

    /// [`Adam`] with this learning rate.
    #[must_use]
    pub fn adam(lr: f32) -> Self {
        Adam::new(lr).into()
    }

    /// What errors call it.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Sgd(sgd) => format!("{sgd:?}"),
            Self::Adagrad(adagrad) => format!("{adagrad:?}"),
            Self::Adam(adam) => format!("{adam:?}"),
        }
    }

    /// The same optimizer for table rows.
    fn of_rows(self) -> Optimizer {
        match self {
            Self::Sgd(sgd) => sgd.into(),
            Self::Adagrad(adagrad) => adagrad.into(),
            Self::Adam(adam) => adam.into(),
        }
    }

    /// Refuses hyper-parameters that make no sense.
    pub(super) fn validate(&self) -> Result<()> {
        if !(self.lr().is_finite() && self.lr() >= 0.0) {
            return Err(Error::invalid("lr", "a finite number of at least 0", self.lr()));
        }
        if let Self::Adam(Adam { bias_correction, eps_place, .. }) = self {
            if *bias_correction != BiasCorrection::Steps {
                return Err(Error::invalid("bias_correction", "Steps, for dense parameters", "RowUpdates"));
            }
            if *eps_place != EpsPlace::Corrected {
                return Err(Error::invalid("eps_place", "Corrected, for dense parameters", "Uncorrected"));
            }
        }
        self.of_rows().validate()
    }

    /// The learning rate.
    #[must_use]
    pub fn lr(&self) -> f32 {
        let (Self::Sgd(Sgd { lr, .. }) | Self::Adagrad(Adagrad { lr, .. }) | Self::Adam(Adam { lr, .. })) =
            *self;
        lr
    }

    /// The same optimizer with another learning rate.
    #[must_use]
    pub fn with_lr(mut self, rate: f32) -> Self {
        let (Self::Sgd(Sgd { lr, .. }) | Self::Adagrad(Adagrad { lr, .. }) | Self::Adam(Adam { lr, .. })) =
            &mut self;
        *lr = rate;
        self
    }

    /// The kernel's variant.
    pub(super) fn variant(&self) -> usize {
        match self {
            Self::Sgd(_) => 0,
            Self::Adagrad(_) => 1,
            Self::Adam(_) => 2,
        }
    }

    /// Names of the values of state that an element has.
    pub(super) fn state(&self) -> &'static [&'static str] {
        let names: &[&str] = match self {
            Self::Sgd(_) => &[],
            Self::Adagrad(_) => &["sum"],
            Self::Adam(_) => &["exp_avg", "exp_avg_sq"],
        };
        debug_assert_eq!(names.len(), OPTIMIZERS[self.variant()].1);
        names
    }

    /// The parameters of a step, for a parameter of `4 * quads` elements.
    #[allow(clippy::cast_possible_truncation, reason = "constants are computed in f64 and rounded once")]
    pub(super) fn params(&self, progress: &Progress, quads: u32) -> Params {
        let (Self::Sgd(Sgd { weight_decay, .. })
        | Self::Adagrad(Adagrad { weight_decay, .. })
        | Self::Adam(Adam { weight_decay, .. })) = *self;
        let lr = self.lr();
        let (l2, keep) = match weight_decay {
            WeightDecay::None => (0.0, 1.0),
            WeightDecay::L2(c) => (c, 1.0),
            WeightDecay::Decoupled(c) => (0.0, (1.0 - f64::from(lr) * f64::from(c)) as f32),
        };
        let base = Params { quads, lr, l2, keep, ..Params::default() };
        match *self {
            Self::Sgd(_) => base,
            Self::Adagrad(Adagrad { eps, .. }) => Params { eps, ..base },
            Self::Adam(Adam { betas, eps, .. }) => {
                let [first, second] = progress.powers.map(|power| 1.0 - power);
                Params {
                    lr: (f64::from(lr) / first) as f32,
                    eps,
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

    /// What the noise of the step differs by from others.
    pub(super) fn noise(&self) -> u32 {
        let [low, _]: [u32; 2] = bytemuck::cast(self.steps);
        low
    }

    /// One step further.
    pub(super) fn next(&self, optimizer: &DenseOptimizer) -> Self {
        let betas = match optimizer {
            DenseOptimizer::Adam(Adam { betas, .. }) => *betas,
            DenseOptimizer::Sgd(_) | DenseOptimizer::Adagrad(_) => [0.0; 2],
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

    fn adam(betas: [f64; 2]) -> DenseOptimizer {
        Adam { lr: 0.1, betas, ..Adam::default() }.into()
    }

    #[test]
    fn progress_can_be_taken_up_again() {
        let adam = &adam([0.9, 0.999]);
        let mut progress = Progress::START;
        for _ in 0..1000 {
            progress = progress.next(adam);
        }
        assert_eq!(Progress::after(1000, adam), progress);
        assert_abs_diff_eq!(progress.powers[1], 0.999f64.powi(1000), epsilon = 1e-12);
        // powers end at 0, so that this does not take forever
        assert_eq!(Progress::after(u64::MAX, adam).steps, u64::MAX);
    }

    #[test]
    fn senseless_hyper_parameters_are_refused() {
        let by_row = Adam { bias_correction: BiasCorrection::RowUpdates, ..Adam::default() };
        for bad in [
            Sgd { lr: -1.0, ..Sgd::default() }.into(),
            Sgd { weight_decay: WeightDecay::L2(f32::NAN), ..Sgd::default() }.into(),
            Adagrad { lr: f32::INFINITY, ..Adagrad::default() }.into(),
            adam([1.0, 0.5]),
            adam([0.5, f64::NAN]),
            by_row.into(),
        ] {
            let bad: DenseOptimizer = bad;
            assert!(bad.validate().is_err(), "{bad:?}");
        }
        assert!(adam([0.0, 0.0]).validate().is_ok());
        assert_eq!(adam([0.9, 0.999]).with_lr(0.5).lr(), 0.5);
    }
}
