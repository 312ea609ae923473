//! Describes quantised tables and their features.

use super::QuantizedBags;
use crate::bag::EmbeddingBagsBuilder;
use crate::table::{Init, RowFormat, Table};
use crate::{Bounds, Context, EmbeddingBags, Pooling, Result};

/// Describes quantised tables and their features; made by [`QuantizedBags::builder`].
#[derive(Debug, Clone)]
pub struct QuantizedBagsBuilder {
    inner: EmbeddingBagsBuilder,
}

impl QuantizedBagsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self { inner: EmbeddingBags::builder(ctx).pruned() }
    }

    /// Adds a table of `rows` rows of `dim` columns, all zeros at first.
    #[must_use]
    pub fn table(mut self, name: &str, rows: u64, dim: usize, format: RowFormat) -> Self {
        let table = Table { format, ..Table::rows(rows).dim(dim).init(Init::Zero) };
        self.inner = self.inner.table(name, table);
        self
    }

    /// Adds a feature, as [`EmbeddingBagsBuilder::feature`].
    #[must_use]
    pub fn feature(mut self, name: &str, table: &str, pooling: Pooling) -> Self {
        self.inner = self.inner.feature(name, table, pooling);
        self
    }

    /// Sets the padding id of the feature added last, as [`EmbeddingBagsBuilder::padding`].
    #[must_use]
    pub fn padding(mut self, id: u32) -> Self {
        self.inner = self.inner.padding(id);
        self
    }

    /// Sets what becomes of ids that are no row of their table.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.inner = self.inner.bounds(bounds);
        self
    }

    /// Makes the tables.
    ///
    /// # Errors
    /// As [`EmbeddingBagsBuilder::build`].
    pub fn build(self) -> Result<QuantizedBags> {
        self.inner.build().map(QuantizedBags::new)
    }
}
