//! Describes rows of differing dimensions and makes them.

use std::sync::Arc;

use super::VariableRows;
use super::layout::Layout;
use crate::bag::{EmbeddingBags, EmbeddingBagsBuilder, Pooling};
use crate::device::Context;
use crate::optimizer::{Optimizer, Schedule, UpdateRules};
use crate::table::{Init, Table};
use crate::{Error, Result};

/// Describes rows of differing dimensions; made by [`VariableRows::builder`].
#[derive(Debug)]
pub struct VariableRowsBuilder {
    runs: Vec<(u64, usize)>,
    init: Init,
    /// Takes what is said about updates.
    bags: EmbeddingBagsBuilder,
}

impl VariableRowsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self { runs: Vec::new(), init: Init::default(), bags: EmbeddingBags::builder(ctx) }
    }

    /// Adds `rows` rows of `dim` columns behind those that are there: a table, or a group of rows.
    #[must_use]
    pub fn rows(mut self, rows: u64, dim: usize) -> Self {
        self.runs.push((rows, dim));
        self
    }

    /// Adds a row for each of these numbers of columns.
    #[must_use]
    pub fn dims(mut self, dims: &[usize]) -> Self {
        self.runs.extend(dims.chunk_by(|a, b| a == b).map(|run| (run.len() as u64, run[0])));
        self
    }

    /// What the rows hold at first.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }

    /// Updates touched rows in [`VariableRows::backward`].
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        self.bags = self.bags.optimizer(optimizer);
        self
    }

    /// What is done to gradients before, and to rows after the optimizer's step.
    #[must_use]
    pub fn update_rules(mut self, rules: UpdateRules) -> Self {
        self.bags = self.bags.update_rules(rules);
        self
    }

    /// How the learning rate changes from step to step.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.bags = self.bags.schedule(schedule);
        self
    }

    /// What random numbers are made of.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.bags = self.bags.seed(seed);
        self
    }

    /// Makes the rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are none or more than [`MAX_ROWS`](crate::MAX_ROWS), or one has no columns or more than
    /// 2^20, [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn build(self) -> Result<VariableRows> {
        let mut runs = Vec::with_capacity(self.runs.len());
        for (rows, dim) in self.runs {
            match u32::try_from(dim) {
                Ok(narrow @ 1..) => runs.push((rows, narrow)),
                _ => return Err(Error::invalid("dims", "1 column or more for each row", dim)),
            }
        }
        let layout = Layout::new(&runs)?;
        if layout.rows == 0 {
            return Err(Error::invalid("rows", "at least one", 0));
        }
        let mut builder = self.bags;
        for &(dim, rows) in &layout.tables {
            let name = format!("dim{dim}");
            let table = Table::rows(rows.into()).dim(dim as usize).init(self.init);
            builder = builder.table(&name, table).feature(&name, &name, Pooling::None);
        }
        Ok(VariableRows { bags: builder.build()?, layout: Arc::new(layout) })
    }
}
