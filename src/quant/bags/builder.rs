//! Describes quantised tables and their features.

use super::QuantizedBags;
use crate::bag::{FeatureList, bounds_methods, feature_methods, output_methods};
use crate::table::{Init, RowFormat, Table};
use crate::update::{RowStore, Updates};
use crate::{Context, EmbeddingBags, Precision, Result};

/// Describes quantised tables and their features; made by [`QuantizedBags::builder`].
#[derive(Debug, Clone)]
pub struct QuantizedBagsBuilder {
    ctx: Context,
    tables: Vec<(String, Table)>,
    features: FeatureList,
    output_precision: Precision,
    /// Whether raw ids without a row count as rows of zeros.
    absent_count: bool,
}

impl QuantizedBagsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            tables: Vec::new(),
            features: FeatureList::default(),
            output_precision: Precision::F32,
            absent_count: false,
        }
    }

    /// Adds a table of `rows` rows of `dim` columns, all zeros at first.
    #[must_use]
    pub fn table(mut self, name: &str, rows: usize, dim: usize, format: RowFormat) -> Self {
        let table = Table { format, ..Table::rows(rows).dim(dim).init(Init::Zero) };
        self.tables.push((name.to_owned(), table));
        self
    }

    /// Lets raw ids without a row count as rows of zeros for means, as they do in chunked tables.
    pub(super) fn absent_count(mut self) -> Self {
        self.absent_count = true;
        self
    }

    /// The same with raw ids, whose directory is empty at first.
    pub(super) fn raw_table(mut self, name: &str, capacity: usize, dim: usize, format: RowFormat) -> Self {
        let table = Table { format, ..Table::raw_ids(capacity).dim(dim).init(Init::Zero) };
        self.tables.push((name.to_owned(), table));
        self
    }

    feature_methods!();

    bounds_methods!();

    output_methods!();

    /// Makes the tables.
    ///
    /// # Errors
    /// As [`EmbeddingBagsBuilder::build`](crate::bag::EmbeddingBagsBuilder::build).
    pub fn build(self) -> Result<QuantizedBags> {
        self.features.validate()?;
        // a raw id without a row counts for a mean as it did where it was trained; a pruned one does
        let raw: Vec<_> = self.tables.iter().map(|(_, table)| table.raw()).collect();
        let store = RowStore::new(&self.ctx, self.tables, Updates::default())?;
        let schema = self.features.schema(
            store.tables(),
            |table| raw[table].is_some(),
            self.absent_count || raw.iter().all(Option::is_none),
        )?;
        let bags = EmbeddingBags::new(store, schema, self.output_precision).with_directories(&raw)?;
        Ok(QuantizedBags::new(bags))
    }
}
