//! What was said about updates when tables were described, for all and for each.

use crate::device::Counter;
use crate::optim::{Optimizer, Schedule, UpdateRules};
use crate::table::{KeptState, Table};
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
    /// The optimizer of a table, if it is not frozen.
    pub(crate) fn optimizer_of(&self, table: &Table) -> Option<Optimizer> {
        table.own.optimizer.or(self.optimizer).filter(|_| !table.own.frozen)
    }
}

/// How the rows of some tables are updated; without an optimizer they stay as they are.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    optimizer: Option<Optimizer>,
    /// The optimizer's learning rate, as submissions read it.
    rate: Counter<f32>,
    pub(crate) rules: UpdateRules,
    pub(crate) schedule: Schedule,
}

impl Class {
    fn new(optimizer: Option<Optimizer>, rules: UpdateRules, schedule: Schedule) -> Self {
        let mut this = Self { optimizer: None, rate: Counter::default(), rules, schedule };
        this.set_optimizer(optimizer);
        this
    }

    pub(crate) fn optimizer(&self) -> Option<&Optimizer> {
        self.optimizer.as_ref()
    }

    /// The learning rate of what is submitted.
    pub(super) fn rate(&self) -> &Counter<f32> {
        &self.rate
    }

    /// Takes one that differs in its learning rate, for all that is submitted from now on.
    pub(super) fn set_optimizer(&mut self, optimizer: Option<Optimizer>) {
        self.rate.set(optimizer.map_or(0.0, |optimizer| optimizer.lr()));
        self.optimizer = optimizer;
    }

    /// What each value of a term is clipped to; 0 if it is not.
    pub(crate) fn clip_value(&self) -> f32 {
        self.rules.clip_value.unwrap_or(0.0)
    }

    fn validate(&self) -> Result<()> {
        if let Some(optimizer) = &self.optimizer {
            optimizer.validate()?;
        }
        self.rules.validate()?;
        self.schedule.validate()
    }
}

/// How each table is updated.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    /// That of tables without anything of their own, then one for each other table, frozen ones aside, which
    /// share the last.
    pub(super) all: Vec<Class>,
    pub(super) of_table: Vec<usize>,
}

impl Classes {
    pub(super) fn of(updates: &Updates, tables: &[(String, Table)]) -> Result<Self> {
        let &Updates { optimizer, rules, schedule, .. } = updates;
        let common = Class::new(optimizer, rules, schedule);
        common.validate()?;
        let mut this = Self { all: vec![common], of_table: Vec::new() };
        for (name, Table { own, .. }) in tables {
            if own.frozen || !own.any() {
                this.of_table.push(0);
                continue;
            }
            let class = Class::new(
                own.optimizer.or(optimizer),
                own.rules.unwrap_or(rules),
                own.schedule.unwrap_or(schedule),
            );
            class.validate().map_err(|error| of_table(name, error))?;
            this.of_table.push(this.all.len());
            this.all.push(class);
        }
        let frozen = tables.iter().zip(&mut this.of_table).filter(|((_, table), _)| table.own.frozen);
        let last = this.all.len();
        let frozen = frozen.map(|(_, class)| *class = last).count();
        if frozen > 0 {
            this.all.push(Class::new(None, rules, schedule));
        }
        Ok(this)
    }

    pub(super) fn of_index(&self, table: usize) -> &Class {
        &self.all[self.of_table[table]]
    }

    /// What is kept for the rows of each table.
    pub(super) fn kept(&self) -> Vec<KeptState> {
        let kept = |&class: &usize| {
            let Class { optimizer, rules, .. } = self.all[class];
            KeptState { optimizer, precision: rules.state, class }
        };
        self.of_table.iter().map(kept).collect()
    }
}

/// Says which table a setting is of.
fn of_table(name: &str, error: Error) -> Error {
    match error {
        Error::InvalidArgument { argument, expected, got } => {
            Error::InvalidArgument { argument: format!("table \"{name}\", {argument}"), expected, got }
        }
        other => other,
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
