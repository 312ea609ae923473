//! Describes tables and features and makes the bags.

use std::sync::Arc;

use super::{Bounds, EmbeddingBags, FeatureSpec, Pooling, Schema};
use crate::device::{Context, Counter, Need};
use crate::kernels::feature::NONE;
use crate::optimizer::{Optimizer, Schedule, UpdateRules};
use crate::table::{Table, TableStore};
use crate::{Error, Result};

/// Describes tables and features; made by [`EmbeddingBags::builder`].
#[derive(Debug, Clone)]
pub struct EmbeddingBagsBuilder {
    ctx: Context,
    tables: Vec<(String, Table)>,
    features: Vec<Feature>,
    optimizer: Option<Optimizer>,
    rules: UpdateRules,
    schedule: Schedule,
    seed: u64,
    bounds: Bounds,
    pruned: bool,
    /// Whether a padding id came before any feature.
    stray_padding: bool,
}

#[derive(Debug, Clone)]
struct Feature {
    name: String,
    table: String,
    pooling: Pooling,
    padding: Option<u32>,
}

impl EmbeddingBagsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            tables: Vec::new(),
            features: Vec::new(),
            optimizer: None,
            rules: UpdateRules::default(),
            schedule: Schedule::constant(),
            seed: 0,
            bounds: Bounds::Error,
            pruned: false,
            stray_padding: false,
        }
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, name: &str, table: Table) -> Self {
        self.tables.push((name.to_owned(), table));
        self
    }

    /// Adds a feature that looks its ids up in a table; several may use the same one. Batches and outputs have the
    /// features in this order.
    #[must_use]
    pub fn feature(mut self, name: &str, table: &str, pooling: Pooling) -> Self {
        self.features.push(Feature {
            name: name.to_owned(),
            table: table.to_owned(),
            pooling,
            padding: None,
        });
        self
    }

    /// Sets the padding id (below 2^32 - 1) of the feature added last: it gives zeros, does not count for a mean and gets no
    /// gradient.
    #[must_use]
    pub fn padding(mut self, id: u32) -> Self {
        match self.features.last_mut() {
            Some(feature) => feature.padding = Some(id),
            None => self.stray_padding = true,
        }
        self
    }

    /// Sets the fused optimizer; without one the bags look up and give sparse gradients.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        self.optimizer = Some(optimizer.into());
        self
    }

    /// Sets what is done to gradients before, and to rows after the optimizer's step.
    #[must_use]
    pub fn update_rules(mut self, rules: UpdateRules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets what the learning rate is multiplied by in each step; the constant 1 if it is not set.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets the seed of the tables' first values, and of stochastic rounding.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets what becomes of ids that are no row of their table.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Lets the id 2^32 - 1 (or -1) stand for a row of zeros.
    pub(crate) fn pruned(mut self) -> Self {
        self.pruned = true;
        self
    }

    /// The memory that the tables take.
    pub(crate) fn need(&self) -> Result<Need> {
        TableStore::need(&self.tables, self.optimizer.as_ref(), self.rules.state)
    }

    /// Makes the tables.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for names that are unknown or used twice and sizes out of range,
    /// [`Error::OutOfMemory`], [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn build(self) -> Result<EmbeddingBags> {
        if self.stray_padding {
            return Err(Error::invalid("padding", "a feature before it", "none"));
        }
        if self.features.is_empty() {
            return Err(Error::invalid("features", "at least one", "none"));
        }
        unique("table", self.tables.iter().map(|(name, _)| name))?;
        unique("feature", self.features.iter().map(|feature| &feature.name))?;
        if let Some(optimizer) = &self.optimizer {
            optimizer.validate()?;
        }
        self.rules.validate()?;
        self.schedule.validate()?;
        let optimizer = self.optimizer.as_ref();
        let store = TableStore::new(&self.ctx, self.tables, optimizer, self.rules.state, self.seed)?;
        let features = self
            .features
            .into_iter()
            .map(|feature| {
                let table = store.find(&feature.table)?;
                let Feature { name, pooling, padding, .. } = feature;
                let shape = store.shape(table);
                if padding == Some(NONE) {
                    let argument = format!("padding of feature \"{name}\"");
                    return Err(Error::invalid(argument, format!("less than {NONE}"), NONE));
                }
                Ok(FeatureSpec { name, table, shape, pooling, padding: padding.unwrap_or(NONE) })
            })
            .collect::<Result<Vec<_>>>()?;
        let plan = store.plan();
        let window_rows = (0..store.names().len())
            .map(|table| {
                // all windows of a table but the last are of one size
                let part = plan.windows[plan.first_window[table]].parts.iter().find(|p| p.table == table);
                part.filter(|part| part.rows < store.shape(table).rows).map_or(0, |part| part.rows)
            })
            .collect();
        let schema = Schema {
            features,
            bounds: self.bounds,
            pruned: self.pruned,
            window_rows,
            first_window: plan.first_window.clone(),
            windows: plan.windows.len(),
        };
        Ok(EmbeddingBags {
            store,
            schema: Arc::new(schema),
            optimizer: self.optimizer,
            rules: self.rules,
            schedule: self.schedule,
            seed: self.seed,
            steps: Counter::default(),
        })
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::invalid(format!("{what} \"{name}\""), "a name of its own", "the name twice"));
        }
    }
    Ok(())
}
