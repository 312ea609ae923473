//! Describes rows of differing dimensions and makes them.

use std::sync::Arc;

use super::VariableRows;
use super::keys::Keys;
use super::layout::Layout;
use crate::bag::{FeatureList, Pooling, Schema, bounds_methods, output_methods};
use crate::device::{Context, Precision};
use crate::kernels::feature::NONE;
use crate::table::{Init, RowFormat, Shape, Table};
use crate::update::{RowStore, Updates, update_methods};
use crate::{Error, Result};

/// What the rows are called where bags have a table's name.
const ROWS: &str = "rows";

/// Describes rows of differing dimensions; made by [`VariableRows::builder`].
#[derive(Debug)]
pub struct VariableRowsBuilder {
    runs: Vec<(usize, usize)>,
    init: Init,
    precision: Precision,
    ctx: Context,
    features: FeatureList,
    updates: Updates,
    output_precision: Precision,
}

impl VariableRowsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            runs: Vec::new(),
            init: Init::default(),
            precision: Precision::F32,
            ctx: ctx.clone(),
            features: FeatureList::default(),
            updates: Updates::default(),
            output_precision: Precision::F32,
        }
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

    /// The type that values are kept in: `f32` if it is not set. Lookups and steps take all; what moves rows
    /// as they are ([`VariableRows::gather`], [`VariableRows::gather_padded`],
    /// [`VariableRows::scatter_assign`]) takes `f32` only.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Adds a feature that looks its ids up in the rows: a sum, a mean or a sequence. Batches and outputs have
    /// the features in this order; if there is none, one called `rows` is added, a sum.
    #[must_use]
    pub fn feature(mut self, name: &str, pooling: Pooling) -> Self {
        self.features.add(name, ROWS, pooling);
        self
    }

    /// Sets the padding id (below 2^32 - 1) of the feature added last: it gives zeros, does not count for a
    /// mean and gets no gradient.
    #[must_use]
    pub fn padding(mut self, id: u32) -> Self {
        self.features.pad(id);
        self
    }

    bounds_methods!();

    output_methods!();

    update_methods!(optimizer, update_rules);

    /// Makes the rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are none or more than [`MAX_ROWS`](crate::MAX_ROWS), or one has no
    /// columns or more than 2^20, for a feature that is a maximum or has the name of another,
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn build(mut self) -> Result<VariableRows> {
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
            let table = Table::rows(rows as usize).dim(dim as usize).init(self.init);
            (format!("dim{dim}"), table.precision(self.precision))
        };
        let tables = layout.tables.iter().map(table).collect();
        if self.features.is_empty() {
            self.features.add(ROWS, ROWS, Pooling::Sum);
        }
        self.features.validate()?;
        let shape = Shape { rows: layout.rows, dim: layout.widest(), format: RowFormat::F32 };
        let specs = self.features.specs(|_| Ok((0, shape, false)))?;
        if let Some(spec) = specs.iter().find(|spec| spec.pooling == Pooling::Max) {
            let expected = "a sum, a mean or a sequence, for rows of differing dimensions";
            return Err(Error::invalid(format!("feature \"{}\"", spec.name), expected, "a maximum"));
        }
        let given = Schema { features: specs, bounds: self.features.bounds, pruned: false, windows: None };
        let store = RowStore::new(&self.ctx, tables, self.updates)?;
        let keys = Keys::new(&self.ctx, &layout, &store.tables().plan().first_key)?;
        Ok(VariableRows {
            store,
            layout: Arc::new(layout),
            schema: Arc::new(given.changed(|spec| spec.padding = NONE)),
            given: Arc::new(given),
            keys,
            output_precision: self.output_precision,
        })
    }
}
