//! Describes tables and features and makes the bags.

use std::sync::Arc;

use super::feature_list::{FeatureList, bounds_methods, change_methods, feature_methods, output_methods};
use super::{EmbeddingBags, Schema};
use crate::Result;
use crate::device::{Context, Precision};
use crate::directory::Directories;
use crate::table::Table;
use crate::update::{RowStore, Updates, update_methods};

/// Describes tables and features; made by [`EmbeddingBags::builder`].
#[derive(Debug, Clone)]
pub struct EmbeddingBagsBuilder {
    ctx: Context,
    tables: Vec<(String, Table)>,
    features: FeatureList,
    updates: Updates,
    output_precision: Precision,
    /// Whose changes are noted, if they are.
    model: Option<String>,
}

impl EmbeddingBagsBuilder {
    pub(super) fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            tables: Vec::new(),
            features: FeatureList::default(),
            updates: Updates::default(),
            output_precision: Precision::F32,
            model: None,
        }
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, name: &str, table: Table) -> Self {
        self.tables.push((name.to_owned(), table));
        self
    }

    feature_methods!();

    bounds_methods!();

    output_methods!();

    change_methods!();

    update_methods! {
        /// Without one the bags look up and give sparse gradients.
        optimizer,
        update_rules
    }

    /// Takes all that was said about updates.
    pub(crate) fn updates(mut self, updates: Updates) -> Self {
        self.updates = updates;
        self
    }

    /// Makes the tables.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for names that are unknown or used twice and
    /// sizes out of range, [`Error::OutOfMemory`](crate::Error::OutOfMemory),
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) or [`Error::Device`](crate::Error::Device) if
    /// the memory cannot be had.
    pub fn build(self) -> Result<EmbeddingBags> {
        self.features.validate()?;
        let raw: Vec<_> = self.tables.iter().map(|(_, table)| table.raw()).collect();
        let mut store = RowStore::new(&self.ctx, self.tables, self.updates)?;
        if self.model.is_some() {
            store.track_changes()?;
        }
        let schema = self.features.schema(store.tables(), |table| raw[table].is_some(), false)?;
        let bags = EmbeddingBags::new(store, schema, self.output_precision).with_directories(&raw)?;
        Ok(EmbeddingBags { model: self.model, ..bags })
    }
}

impl EmbeddingBags {
    /// Bags whose features look ids up in these tables.
    pub(crate) fn new(store: RowStore, schema: Schema, output_precision: Precision) -> Self {
        let directories = Directories::none(store.tables().names().len());
        Self { store, schema: Arc::new(schema), output_precision, directories, model: None }
    }

    /// The same with empty directories for the tables that `raw` says, with how often ids must be seen.
    pub(crate) fn with_directories(self, raw: &[Option<u32>]) -> Result<Self> {
        let tables = raw.iter().enumerate();
        let rows = tables.map(|(table, &least)| (self.store.tables().shape(table).rows, least));
        Ok(Self { directories: Directories::new(self.context(), rows)?, ..self })
    }
}
