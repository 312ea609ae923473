//! Quantised tables from tables of every kind.

use super::{QuantizedBags, QuantizedBagsBuilder};
use crate::bag::FeatureSpec;
use crate::chunked::WholeTable;
use crate::delta::Followed;
use crate::quant::RangeSearch;
use crate::table::{RowFormat, TableStore};
use crate::{CachedBags, ChunkedTables, EmbeddingBags, PrunedTables, Result};

/// Tables that [quantised ones](QuantizedBags::of) are made of: a reference to any of them.
#[derive(Debug)]
#[non_exhaustive]
pub enum QuantizeSource<'a> {
    /// Rows on the device, which are quantised there.
    Bags(&'a EmbeddingBags),
    /// All rows, those in the cache too.
    Cached(&'a mut CachedBags),
    /// Rows in use, with zeros where chunks are absent; ids without a row stand for zeros, as they do there.
    Chunked(&'a ChunkedTables),
    /// The same.
    Pruned(&'a PrunedTables),
}

impl<'a> From<&'a EmbeddingBags> for QuantizeSource<'a> {
    fn from(bags: &'a EmbeddingBags) -> Self {
        Self::Bags(bags)
    }
}

impl<'a> From<&'a mut EmbeddingBags> for QuantizeSource<'a> {
    fn from(bags: &'a mut EmbeddingBags) -> Self {
        Self::Bags(bags)
    }
}

impl<'a> From<&'a mut CachedBags> for QuantizeSource<'a> {
    fn from(bags: &'a mut CachedBags) -> Self {
        Self::Cached(bags)
    }
}

impl<'a> From<&'a ChunkedTables> for QuantizeSource<'a> {
    fn from(tables: &'a ChunkedTables) -> Self {
        Self::Chunked(tables)
    }
}

impl<'a> From<&'a PrunedTables> for QuantizeSource<'a> {
    fn from(tables: &'a PrunedTables) -> Self {
        Self::Pruned(tables)
    }
}

impl QuantizedBags {
    /// Quantises the tables of bags, cached bags, chunked or pruned tables, with the same features and what is
    /// known of raw ids; `choose` says for each table how its rows are to be kept. Waits until it is done.
    ///
    /// # Errors
    /// As [`QuantizedBags::upload`] for rows with values that cannot be kept;
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) or [`Error::Device`](crate::Error::Device) if the
    /// memory cannot be had.
    pub fn of<'a>(
        source: impl Into<QuantizeSource<'a>>,
        mut choose: impl FnMut(&str) -> (RowFormat, RangeSearch),
    ) -> Result<Self> {
        match source.into() {
            QuantizeSource::Bags(bags) => Self::of_bags(bags, &mut choose),
            QuantizeSource::Cached(bags) => Self::of_cached(bags, &mut choose),
            QuantizeSource::Chunked(tables) => {
                let begun = Self::builder(tables.context()).output_precision(tables.output_precision());
                // before the rows are read, so that none is older
                let followed = tables.followed();
                let features = &tables.schema().features;
                let mut this =
                    Self::of_whole(begun, tables.whole()?, features, followed.is_some(), &mut choose)?;
                this.followed = followed;
                Ok(this)
            }
            QuantizeSource::Pruned(tables) => {
                let begun = Self::builder(tables.context()).output_precision(tables.output_precision());
                let features = &tables.schema().features;
                Self::of_whole(begun, tables.whole()?, features, false, &mut choose)
            }
        }
    }

    fn of_bags(
        bags: &EmbeddingBags,
        choose: &mut dyn FnMut(&str) -> (RowFormat, RangeSearch),
    ) -> Result<Self> {
        let (ctx, schema, source) = (bags.context(), bags.schema(), bags.store().tables());
        let builder = Self::builder(ctx).bounds(schema.bounds).output_precision(bags.output_precision());
        let raw = |table| bags.directories().get(table).is_some();
        let (builder, searches) = like(builder, source, &schema.features, raw, choose);
        let mut this = builder.build()?;
        *this.bags.directories_mut() = bags.directories().copied_to(ctx)?;
        // before the rows are read, so that none is older
        let step = bags.store().submitted_steps();
        this.followed = bags.model().map(|model| Followed::new(model.to_owned(), step));
        for (index, search) in searches.into_iter().enumerate() {
            this.quantize_from(source, index, search)?;
        }
        Ok(this)
    }

    fn of_cached(
        bags: &mut CachedBags,
        choose: &mut dyn FnMut(&str) -> (RowFormat, RangeSearch),
    ) -> Result<Self> {
        // before the rows are read, so that none is older
        let step = bags.submitted_steps();
        bags.flush()?;
        let (ctx, schema) = (bags.context().clone(), bags.schema().clone());
        let builder = Self::builder(&ctx).bounds(schema.bounds).output_precision(bags.output_precision());
        let raw = |table| bags.directories().get(table).is_some();
        let (builder, searches) = like(builder, bags.whole().tables(), &schema.features, raw, choose);
        let mut this = builder.build()?;
        *this.bags.directories_mut() = bags.directories().copied_to(&ctx)?;
        this.followed = bags.model().map(|model| Followed::new(model.to_owned(), step));
        for (name, search) in bags.tables().to_vec().iter().zip(searches) {
            this.upload(name, &bags.whole().download(name)?, search)?;
        }
        Ok(this)
    }

    fn of_whole(
        begun: QuantizedBagsBuilder,
        tables: Vec<WholeTable>,
        features: &[FeatureSpec],
        follows: bool,
        choose: &mut dyn FnMut(&str) -> (RowFormat, RangeSearch),
    ) -> Result<Self> {
        let mut builder = begun.absent_count();
        let mut searches = Vec::new();
        // a directory has a row at least
        let capacity = |table: &WholeTable| match follows {
            true => table.room,
            false => table.rows.virtual_ids.len().max(1),
        };
        for table in &tables {
            let WholeTable { name, dim, .. } = table;
            let (format, search) = choose(name);
            searches.push(search);
            let capacity = capacity(table);
            builder = builder.raw_table(name, capacity, *dim, format);
        }
        for feature in features {
            builder = builder.feature(&feature.name, &tables[feature.table].name, feature.pooling);
            if let Some(padding) = feature.given_padding() {
                builder = builder.padding(padding);
            }
        }
        let mut this = builder.build()?;
        for (index, (table, search)) in tables.into_iter().zip(searches).enumerate() {
            let capacity = capacity(&table);
            let WholeTable { name, dim, mut rows, .. } = table;
            rows.values.resize(capacity * dim, 0.0);
            this.upload(&name, &rows.values, search)?;
            if let Some(directory) = this.bags.directories_mut().get_mut(index) {
                directory.take_ids(rows.virtual_ids)?;
            }
        }
        Ok(this)
    }
}

/// Tables and features as those of bags; gives how each table's ranges are to be found.
fn like(
    mut builder: QuantizedBagsBuilder,
    source: &TableStore,
    features: &[FeatureSpec],
    raw: impl Fn(usize) -> bool,
    choose: &mut dyn FnMut(&str) -> (RowFormat, RangeSearch),
) -> (QuantizedBagsBuilder, Vec<RangeSearch>) {
    let mut searches = Vec::new();
    for (index, name) in source.names().iter().enumerate() {
        let shape = source.shape(index);
        let (format, search) = choose(name);
        searches.push(search);
        let (rows, dim) = (shape.rows as usize, shape.dim as usize);
        builder = match raw(index) {
            true => builder.raw_table(name, rows, dim, format),
            false => builder.table(name, rows, dim, format),
        };
    }
    for feature in features {
        builder = builder.feature(&feature.name, &source.names()[feature.table], feature.pooling);
        if let Some(padding) = feature.given_padding() {
            builder = builder.padding(padding);
        }
    }
    (builder, searches)
}
