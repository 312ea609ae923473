//! Fused optimizers of table rows: hyper-parameters and what they mean.
//!
//! Each is applied once to every row that a batch touched, with the exact sum of the row's gradients. The
//! formulas are FBGEMM's where it has the optimizer; rows that a batch does not touch keep weights and state
//! as they are.

mod adagrad;
mod adam;
mod frequency_sgd;
mod ftrl;
mod kind;
mod lamb;
mod lars_sgd;
mod list;
mod moments;
mod params;
mod partial_rowwise_adam;
mod partial_rowwise_lamb;
pub(crate) mod row;
mod rowwise_adagrad;
mod rowwise_adagrad_counter;
mod rules;
mod schedule;
mod sgd;
mod state;
mod weight_decay;

pub use adagrad::Adagrad;
pub(crate) use adam::AdamByRow;
pub use adam::{Adam, BiasCorrection, EpsPlace};
pub use frequency_sgd::{Frequency, FrequencySgd};
pub use ftrl::Ftrl;
pub(crate) use kind::{OptimizerKernel, OptimizerKind};
pub use lamb::Lamb;
pub use lars_sgd::LarsSgd;
pub(crate) use list::optimizers;
pub(crate) use params::*;
pub use partial_rowwise_adam::PartialRowwiseAdam;
pub use partial_rowwise_lamb::PartialRowwiseLamb;
pub use rowwise_adagrad::RowwiseAdagrad;
pub use rowwise_adagrad_counter::{Adjustment, Counting, RowwiseAdagradCounter};
pub use rules::{CowClip, Rounding, UpdateRules};
pub use schedule::Schedule;
pub use sgd::Sgd;
pub use state::{StateField, StateKind};
pub use weight_decay::WeightDecay;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What the hyper-parameters of an optimizer mean to the kernel.
trait Rule {
    /// The kernel that does it.
    fn kernel(&self) -> OptimizerKind;
    /// What is kept for a row, in the kernel's order: values for elements, then those for the row.
    fn states(&self) -> &'static [StateField];
    /// The kernel's parameters for the step of this number, which begin at 1.
    fn params(&self, step: u32) -> Params;
    /// Numbers that must be finite and at least zero, by their names.
    fn at_least_zero(&self) -> Vec<(&'static str, f64)>;
    /// Anything else that makes no sense.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

macro_rules! from_list {
    ({ $($variant:ident: $name:literal, $($rest:tt),+;)+ } { $($more:tt)+ }) => {
        /// A fused optimizer with its hyper-parameters.
        ///
        /// Each is applied once to every row that a batch touched, with the exact sum of the row's gradients.
        /// Rows that a batch does not touch keep weights and state as they are.
        ///
        /// # What each keeps for a row
        ///
        /// [`EmbeddingBags::download_state`](crate::EmbeddingBags::download_state) and checkpoints know the
        /// state by these names ([`Optimizer::states`]). Bytes are those of a row of `D` columns with state
        /// of `f32`; of `f16`, values for each element take half.
        ///
        /// | optimizer | state of a row | bytes |
        /// |---|---|---|
        /// | [`Sgd`] | none | 0 |
        /// | [`Adagrad`] | `sum` for each element | 4 D |
        /// | [`Ftrl`] | `z` and `n` for each element | 8 D |
        /// | [`RowwiseAdagrad`] | `sum` | 4 |
        /// | [`RowwiseAdagradCounter`]: FBGEMM's tail-id modes and `COUNTER_SGD` | `sum`, `row_counter`, `prev_iter` | 12 |
        /// | [`FrequencySgd`]: FA-SGD and CF-SGD (Li et al., 2022) | `frequency` or `row_counter` | 4 |
        /// | [`Adam`] | `exp_avg` and `exp_avg_sq` for each element | 8 D |
        /// | [`Adam`], bias corrected by the row's own updates | these, and `row_counter` | 8 D + 16 |
        /// | [`PartialRowwiseAdam`] | `exp_avg` for each element, `exp_avg_sq` | 4 D + 16 |
        /// | [`Lamb`] | `exp_avg` and `exp_avg_sq` for each element | 8 D |
        /// | [`PartialRowwiseLamb`] | `exp_avg` for each element, `exp_avg_sq` | 4 D + 16 |
        /// | [`LarsSgd`] | `momentum` for each element | 4 D |
        ///
        /// A row's own values take the space of four beside those of elements, so that rows stay aligned.
        ///
        /// [`UpdateRules`] says what is done around the step: clipping by value, norm and CowClip, scaling by
        /// frequency, max-norm, rounding. [`Schedule`] changes the learning rate: warm-up, steps, cosine.
        ///
        #[doc = include_str!("edge_values.md")]
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "name")]
        #[non_exhaustive]
        pub enum Optimizer {
            $(
                #[doc = concat!("See [`", stringify!($variant), "`].")]
                #[serde(rename = $name)]
                $variant($variant),
            )+
        }

        impl Optimizer {
            /// The name that checkpoints use.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// The learning rate.
            #[must_use]
            pub fn lr(&self) -> f32 {
                match self { $(Self::$variant(o) => o.lr,)+ }
            }

            /// The same optimizer with another learning rate.
            #[must_use]
            pub fn with_lr(mut self, lr: f32) -> Self {
                match &mut self { $(Self::$variant(o) => o.lr = lr,)+ }
                self
            }

            fn rule(&self) -> &dyn Rule {
                match self { $(Self::$variant(o) => o,)+ }
            }
        }

        $(
            impl $variant {
                /// With this learning rate, and else as [`Default`] has it.
                #[must_use]
                pub fn new(lr: f32) -> Self {
                    Self { lr, ..Self::default() }
                }
            }

            impl From<$variant> for Optimizer {
                fn from(optimizer: $variant) -> Self {
                    Self::$variant(optimizer)
                }
            }
        )+
    };
}

optimizers!(from_list);

impl Optimizer {
    /// What is kept for each row, by the names that
    /// [`EmbeddingBags::download_state`](crate::EmbeddingBags::download_state) takes.
    #[must_use]
    pub fn states(&self) -> &'static [StateField] {
        self.rule().states()
    }

    pub(crate) fn kind(&self) -> OptimizerKind {
        self.rule().kernel()
    }

    pub(crate) fn kernel(&self) -> OptimizerKernel {
        self.kind().kernel()
    }

    pub(crate) fn params(&self, step: u32) -> Params {
        self.rule().params(step)
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let rule = self.rule();
        for (name, value) in rule.at_least_zero() {
            if !(value.is_finite() && value >= 0.0) {
                let argument = format!("{} {name}", self.name());
                return Err(Error::invalid(argument, "a finite number of at least 0", value));
            }
        }
        rule.check()?;
        // sgd with a negative rate adds gradients up, which is of use; all else must be a number
        let Params { lr, keep, .. } = rule.params(1);
        for (name, value) in [("lr", lr), ("weight_decay", keep)] {
            if !value.is_finite() {
                return Err(Error::invalid(format!("{} {name}", self.name()), "a finite number", value));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Optimizer> {
        vec![
            Sgd::default().into(),
            Adagrad::default().into(),
            RowwiseAdagrad::default().into(),
            Adam::default().into(),
            Adam { bias_correction: BiasCorrection::RowUpdates, ..Default::default() }.into(),
            PartialRowwiseAdam::default().into(),
            Lamb::default().into(),
            PartialRowwiseLamb::default().into(),
            LarsSgd::default().into(),
            FrequencySgd::default().into(),
            RowwiseAdagradCounter::default().into(),
            Ftrl::default().into(),
        ]
    }

    #[test]
    fn every_kernel_has_an_optimizer_with_its_state() {
        let mut found: Vec<&str> = all().iter().map(|optimizer| optimizer.kernel().name).collect();
        let mut kernels: Vec<&str> = OptimizerKind::ALL.iter().map(|kind| kind.kernel().name).collect();
        found.sort_unstable();
        kernels.sort_unstable();
        assert_eq!(found, kernels);
        for optimizer in all() {
            let kernel = optimizer.kernel();
            let count = |row| optimizer.states().iter().filter(|field| field.per_row() == row).count();
            assert_eq!(
                (count(false), count(true)),
                (kernel.element_values as usize, kernel.row_values as usize)
            );
            assert!(optimizer.states().is_sorted_by_key(|field| field.per_row()));
            optimizer.validate().unwrap();
            assert_eq!(optimizer.with_lr(0.5).lr(), 0.5);
        }
    }

    #[test]
    fn hyper_parameters_come_back_from_json() {
        for optimizer in all() {
            let text = serde_json::to_string(&optimizer).unwrap();
            assert!(text.contains(&format!("\"name\":\"{}\"", optimizer.name())), "{text}");
            assert_eq!(serde_json::from_str::<Optimizer>(&text).unwrap(), optimizer);
        }
    }

    #[test]
    fn hyper_parameters_are_checked() {
        let message = |bad: Optimizer| bad.validate().unwrap_err().to_string();
        assert_eq!(
            message(Adagrad { eps: -1.0, ..Default::default() }.into()),
            "adagrad eps: expected a finite number of at least 0, got -1"
        );
        assert_eq!(message(Sgd::new(f32::NAN).into()), "sgd lr: expected a finite number, got NaN");
        assert_eq!(
            message(Adam { betas: [0.9, 1.0], ..Default::default() }.into()),
            "betas: expected at least 0 and below 1, got 1"
        );
        assert_eq!(
            message(FrequencySgd { cap: 0.0, ..Default::default() }.into()),
            "frequency_sgd cap: expected more than 0, got 0"
        );
    }
}
