//! What a lookup needs: directories, slots, and the store of chunks.

use std::sync::Arc;

use super::budget::Slot;
use crate::bag::{Bounds, FeatureList, FeatureSpec, Schema};
use crate::device::{Buffer, Context, Precision};
use crate::directory::{self, IdDirectory, side_by_side};
use crate::kernels::feature::{NONE, PADDED};
use crate::table::{RowFormat, Shape, Window};
use crate::update::RowStore;
use crate::{Error, Result};

/// What the table of chunks is called in the store.
pub(super) const CHUNKS: &str = "chunks";

/// Tables that are looked up.
#[derive(Debug)]
pub(super) struct Lookup {
    /// A single table with a row for each slot.
    pub(super) store: RowStore,
    /// Columns of a chunk.
    pub(super) width: u32,
    pub(super) tables: Vec<Table>,
    /// Of the tables.
    pub(super) names: Vec<String>,
    /// The features, and what batches are checked against.
    schema: Arc<Schema>,
    /// Of what `forward` makes.
    pub(super) output_precision: Precision,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) chunks: u32,
    pub(super) directory: IdDirectory,
    /// For each chunk of each row its slot, or [`NONE`].
    pub(super) slots: Buffer,
}

/// An empty table to make.
pub(super) struct TableSpec {
    pub(super) name: String,
    pub(super) chunks: u32,
    pub(super) rows: u32,
}

impl Table {
    /// Empty tables, whose ids get rows when they have been seen `least` times. Those that are not to grow
    /// lie side by side.
    pub(super) fn all(ctx: &Context, specs: Vec<TableSpec>, least: u32, grow: bool) -> Result<Vec<Self>> {
        let bytes = |spec: &TableSpec| {
            let slots = chunk_bytes(ctx, &spec.name, spec.rows, spec.chunks)?;
            Ok([slots, IdDirectory::entry_bytes(ctx, spec.rows)?])
        };
        let sizes = specs.iter().map(bytes).collect::<Result<Vec<_>>>()?;
        let mut tables = Vec::new();
        let together = if grow { 1 } else { specs.len().max(1) };
        let [slots, entries] = [(SLOTS, 0), (directory::MEMORY, 1)].map(|(label, which)| {
            let sizes: Vec<u64> = sizes.iter().map(|sizes| sizes[which]).collect();
            let ranges = sizes.chunks(together).map(|sizes| side_by_side(ctx, label, sizes));
            ranges.collect::<Result<Vec<_>>>()
        });
        let ranges = slots?.into_iter().flatten().zip(entries?.into_iter().flatten());
        for (TableSpec { name, chunks, rows }, (slots, entries)) in specs.into_iter().zip(ranges) {
            let directory = IdDirectory::within(ctx, rows, least, entries)?;
            fill_with_none(ctx, &slots)?;
            tables.push(Self { name, chunks, directory, slots });
        }
        Ok(tables)
    }
}

/// What the memory of slots is called.
pub(super) const SLOTS: &str = "embag.chunk_slots";

/// Says that chunks have no slots; in pieces, as the memory may be large.
pub(super) fn fill_with_none(ctx: &Context, slots: &Buffer) -> Result<()> {
    const PIECE: usize = 1 << 20;
    let all = usize::try_from(slots.size() / 4).unwrap_or(usize::MAX);
    let none = vec![NONE; all.min(PIECE)];
    for first in (0..all).step_by(PIECE) {
        slots.write(ctx, first as u64 * 4, &none[..PIECE.min(all - first)])?;
    }
    Ok(())
}

/// Bytes of a word for each chunk of a table's rows, which fit a binding.
fn chunk_bytes(ctx: &Context, name: &str, rows: u32, chunks: u32) -> Result<u64> {
    let argument = || format!("table \"{name}\" rows");
    let Some(words) = rows.checked_mul(chunks) else {
        return Err(Error::invalid(argument(), "fewer than 2^32 chunks of all its rows", rows));
    };
    let (needed, limit) = (u64::from(words) * 4, ctx.limits().binding);
    if needed > limit {
        let what = format!("the chunks of table \"{name}\"");
        return Err(Error::LimitExceeded { what, needed, limit, hint: "use fewer rows or wider chunks" });
    }
    Ok(needed)
}

/// A word for each chunk of a table's rows.
pub(super) fn chunk_words(
    ctx: &Context,
    label: &'static str,
    name: &str,
    rows: u32,
    chunks: u32,
) -> Result<Buffer> {
    ctx.allocate(label, chunk_bytes(ctx, name, rows, chunks)?)
}

fn find_name(names: &[String], name: &str) -> Result<usize> {
    let unknown = || Error::invalid("table", format!("one of {names:?}"), format!("{name:?}"));
    names.iter().position(|table| table == name).ok_or_else(unknown)
}

impl Lookup {
    pub(super) fn new(
        store: RowStore,
        width: u32,
        tables: Vec<Table>,
        features: &FeatureList,
        output_precision: Precision,
    ) -> Result<Self> {
        let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        let find = |name: &str| {
            let table = find_name(&names, name)?;
            // a directory gives rows below, or says that there is none
            let shape = Shape { rows: PADDED, dim: tables[table].chunks * width, format: RowFormat::F32 };
            Ok((table, shape, true))
        };
        let schema = Schema {
            features: features.specs(find)?,
            bounds: Bounds::Skip,
            // ids without a row stand for zeros
            pruned: true,
            // rows of chunks lie in no window
            windows: None,
        };
        Ok(Self { store, width, tables, names, schema: Arc::new(schema), output_precision })
    }

    pub(super) fn context(&self) -> &Context {
        self.store.context()
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// What a slot holds.
    pub(super) fn slot(&self) -> Slot {
        Slot { width: self.width, precision: self.store.precision(0) }
    }

    pub(super) fn feature(&self, feature: usize) -> &FeatureSpec {
        &self.schema.features[feature]
    }

    pub(super) fn output_cols(&self) -> usize {
        self.schema.columns(self.schema.all())
    }

    /// The number of a table.
    pub(super) fn find_table(&self, name: &str) -> Result<usize> {
        find_name(&self.names, name)
    }

    /// Rows that there can be, and columns.
    pub(super) fn table_shape(&self, name: &str) -> Result<(usize, usize)> {
        let Table { chunks, directory, .. } = &self.tables[self.find_table(name)?];
        Ok((directory.capacity(), (chunks * self.width) as usize))
    }

    /// The store's windows and what of the slots lies in each.
    pub(super) fn parts(&self) -> impl Iterator<Item = (usize, &crate::table::Part)> {
        let windows = self.store.tables().plan().windows.iter().enumerate();
        windows.flat_map(|(w, Window { parts, .. })| parts.iter().map(move |part| (w, part)))
    }

    /// The rows of raw ids in a table, from the device.
    pub(super) fn rows_of(&self, table: usize, ids: &[u64]) -> Result<Vec<u32>> {
        self.tables[table].directory.find(ids)
    }

    /// The slots of a table's chunks, for all rows that were ever in use.
    pub(super) fn slots_of(&self, table: usize) -> Result<Vec<u32>> {
        let Table { chunks, directory, slots, .. } = &self.tables[table];
        let words = u64::from(directory.counts()?.had) * u64::from(*chunks);
        slots.part(0, words * 4).read(self.context())
    }
}

/// The methods of what has a [`Lookup`] in its field `lookup`.
macro_rules! lookup_methods {
    () => {
        /// The context.
        #[must_use]
        pub fn context(&self) -> &$crate::Context {
            self.lookup.context()
        }

        /// The names of the tables, in the order they were added.
        #[must_use]
        pub fn tables(&self) -> &[String] {
            &self.lookup.names
        }

        /// Rows that a table's directory has room for, and the table's columns.
        ///
        /// # Errors
        /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
        pub fn table_shape(&self, table: &str) -> $crate::Result<(usize, usize)> {
            self.lookup.table_shape(table)
        }

        /// The names of the features, in the order they were added.
        pub fn features(&self) -> impl ExactSizeIterator<Item = &str> {
            self.lookup.schema().features.iter().map(|feature| feature.name.as_str())
        }

        /// The columns that a feature has in the outputs side by side, of batches of all features.
        ///
        /// # Errors
        /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such feature.
        pub fn columns_of(&self, feature: &str) -> $crate::Result<std::ops::Range<usize>> {
            let schema = self.lookup.schema();
            schema.columns_of(feature, schema.all())
        }

        /// Columns of the output: of all features side by side.
        #[must_use]
        pub fn output_cols(&self) -> usize {
            self.lookup.output_cols()
        }

        pub(crate) fn schema(&self) -> &$crate::bag::Schema {
            self.lookup.schema()
        }

        /// The type that the chunks' values are kept in.
        #[must_use]
        pub fn precision(&self) -> $crate::Precision {
            self.lookup.store.precision(0)
        }

        /// The type of the outputs' values.
        #[must_use]
        pub fn output_precision(&self) -> $crate::Precision {
            self.lookup.output_precision
        }

        /// Begins a batch of raw ids from host data, feature by feature, for `find` and, where rows are
        /// added, `admit`.
        #[must_use]
        pub fn batch(&self) -> $crate::bag::BatchBuilder<$crate::bag::ForDirectory> {
            self.batches().batch()
        }

        /// What begins such batches in other threads.
        #[must_use]
        pub fn batches(&self) -> $crate::bag::Batches<$crate::bag::ForDirectory> {
            $crate::bag::Batches::new(self.context(), self.lookup.schema())
        }
    };
}
pub(super) use lookup_methods;
