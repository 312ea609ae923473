//! What was said about updates when tables were described.

use crate::optim::{Optimizer, Schedule, UpdateRules};
use crate::{Error, Result};

/// How rows are updated, and the seed of first values and of stochastic rounding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Updates {
    pub(crate) optimizer: Option<Optimizer>,
    pub(crate) rules: UpdateRules,
    pub(crate) schedule: Schedule,
    pub(crate) seed: u64,
}

impl Default for Updates {
    fn default() -> Self {
        Self { optimizer: None, rules: UpdateRules::default(), schedule: Schedule::constant(), seed: 0 }
    }
}

impl Updates {
    pub(super) fn validate(&self) -> Result<()> {
        if let Some(optimizer) = &self.optimizer {
            optimizer.validate()?;
        }
        self.rules.validate()?;
        self.schedule.validate()
    }

    /// The optimizer; without one an error that says what is `expected`.
    pub(crate) fn wanted_optimizer(&self, expected: &str) -> Result<Optimizer> {
        self.optimizer.ok_or_else(|| Error::invalid("optimizer", expected, "none"))
    }

    /// Sums over a row that are made before `optimizer` updates it.
    pub(super) fn sums(&self, optimizer: &Optimizer) -> u32 {
        optimizer.kernel().sums + self.rules.sums()
    }

    /// What each value of a term is clipped to; 0 if it is not.
    pub(crate) fn clip_value(&self) -> f32 {
        self.rules.clip_value.unwrap_or(0.0)
    }
}

/// The methods of a builder with [`Updates`] in its field `updates`; the attributes of the first two say more
/// about them.
macro_rules! update_methods {
    ($(#[$optimizer:meta])* optimizer, $(#[$rules:meta])* update_rules) => {
        /// Sets the fused optimizer, which updates the rows that a backward touched.
        $(#[$optimizer])*
        #[must_use]
        pub fn optimizer(mut self, optimizer: impl Into<$crate::optim::Optimizer>) -> Self {
            self.updates.optimizer = Some(optimizer.into());
            self
        }

        /// Sets what is done to gradients before, and to rows after the optimizer's step.
        $(#[$rules])*
        #[must_use]
        pub fn update_rules(mut self, rules: $crate::optim::UpdateRules) -> Self {
            self.updates.rules = rules;
            self
        }

        /// Sets what the learning rate is multiplied by in each step; the constant 1 if it is not set.
        #[must_use]
        pub fn schedule(mut self, schedule: $crate::optim::Schedule) -> Self {
            self.updates.schedule = schedule;
            self
        }

        /// Sets the seed of first values, and of stochastic rounding.
        #[must_use]
        pub fn seed(mut self, seed: u64) -> Self {
            self.updates.seed = seed;
            self
        }
    };
}
pub(crate) use update_methods;
