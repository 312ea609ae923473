//! Describes rows of differing dimensions and makes them.

use std::sync::Arc;

use super::VariableRows;
use super::layout::Layout;
use crate::device::Context;
use crate::table::{Init, Table};
use crate::update::{RowStore, Updates, update_methods};
use crate::{Error, Result};

/// Describes rows of differing dimensions; made by [`VariableRows::builder`].
#[derive(Debug)]
pub struct VariableRowsBuilder {
    runs: Vec<(usize, usize)>,
    init: Init,
    ctx: Context,
    updates: Updates,
}

impl VariableRowsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self { runs: Vec::new(), init: Init::default(), ctx: ctx.clone(), updates: Updates::default() }
    }

    /// Adds `rows` rows of `dim` columns behind those that are there: a table, or a group of rows.
    #[must_use]
    pub fn rows(mut self, rows: usize, dim: usize) -> Self {
        self.runs.push((rows, dim));
        self
    }

    /// Adds a row for each of these numbers of columns.
    #[must_use]
    pub fn dims(mut self, dims: &[usize]) -> Self {
        self.runs.extend(dims.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])));
        self
    }

    /// What the rows hold at first.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }

    update_methods!(optimizer, update_rules);

    /// Makes the rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are none or more than [`MAX_ROWS`](crate::MAX_ROWS), or one has no
    /// columns or more than 2^20, [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
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
        let table = |&(dim, rows): &(u32, u32)| {
            (format!("dim{dim}"), Table::rows(rows as usize).dim(dim as usize).init(self.init))
        };
        let tables = layout.tables.iter().map(table).collect();
        Ok(VariableRows { store: RowStore::new(&self.ctx, tables, self.updates)?, layout: Arc::new(layout) })
    }
}
