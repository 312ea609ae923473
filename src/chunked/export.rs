//! Rows as dense vectors: all of a table, or those that changed.

use super::ChunkedTables;
use super::lookup::{CHUNKS, Lookup, Table};
use crate::Result;
use crate::delta::{Delta, Followed, KnownRows};
use crate::kernels::feature::NONE;

/// Rows of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExportedRows {
    /// Their virtual ids ([`IdDirectory::virtual_id`](crate::directory::IdDirectory::virtual_id) gives that of a raw
    /// one).
    pub virtual_ids: Vec<u32>,
    /// Their values, `[rows, dim]`, with zeros where chunks are absent.
    pub values: Vec<f32>,
    /// Which chunks have a slot, `[rows, chunks]`.
    pub resident: Vec<bool>,
    /// The virtual ids of all rows in use: others left. Given where rows may have left since.
    pub in_use: Option<Vec<u32>>,
}

impl ChunkedTables {
    /// All rows of a table, in the order that they lie in. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table,
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn dense(&self, table: &str) -> Result<ExportedRows> {
        let table = self.lookup.find_table(table)?;
        self.lookup.exported(table, |_| true)
    }

    /// The rows of a table that are new or changed since a number of steps ([`ChunkedTables::steps`]): by
    /// backwards, or by chunks that came or left. What the last backward before changed is among them, as
    /// chunks may have come or left after it in the same step. Blocks.
    ///
    /// # Errors
    /// As [`ChunkedTables::dense`].
    pub fn exported_since(&self, table: &str, step: u32) -> Result<ExportedRows> {
        let index = self.lookup.find_table(table)?;
        let (spec, worth) = (&self.lookup.tables[index], &self.worth[index]);
        let words = self.settings.words() as usize;
        let had = u64::from(spec.directory.counts()?.had);
        let touch: Vec<u32> = worth.touch.part(0, had * words as u64 * 4).read(self.context())?;
        let mut rows = self.lookup.exported(index, |row| touch[row * words] >= step)?;
        if worth.left_after.is_some_and(|after| after >= step) {
            rows.in_use = Some(spec.directory.virtual_ids()?);
        }
        Ok(rows)
    }
}

impl ChunkedTables {
    /// What [changed](crate::delta) since a step, for those who serve these tables: the rows that
    /// [`ChunkedTables::exported_since`] gives, of all tables. Blocks.
    ///
    /// ```
    /// use embag::chunked::ChunkedTables;
    /// use embag::optim::Sgd;
    /// use embag::{Context, Pooling};
    ///
    /// let ctx = Context::cpu();
    /// let mut tables = ChunkedTables::builder(&ctx)
    ///     .table("movie", 1_000, 16)
    ///     .feature("liked", "movie", Pooling::Mean)
    ///     .chunk_width(4)
    ///     .slots(2_000)
    ///     .optimizer(Sgd::default())
    ///     .track_changes("clicks")
    ///     .build()?;
    /// let served = tables.pruned()?;
    /// let batch = tables.admit(tables.batch().feature("liked", &[7u64, 1 << 40]))?;
    /// let pooled = tables.forward(&batch)?;
    /// tables.backward(&batch, &pooled)?; // here the output stands in for its gradient
    /// served.apply(&tables.changed_since(0)?)?;
    ///
    /// let batch = tables.find(tables.batch().feature("liked", &[7u64]))?;
    /// let found = served.find(served.batch().feature("liked", &[7u64]))?;
    /// assert_eq!(served.forward(&found)?.to_vec(&ctx)?, tables.forward(&batch)?.to_vec(&ctx)?);
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the tables were built without
    /// [`track_changes`](super::ChunkedTablesBuilder::track_changes) or the step is still to come,
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn changed_since(&self, step: u32) -> Result<Delta> {
        let until = self.lookup.store.submitted_steps();
        let mut delta = Delta::begun(self.model.as_deref(), step..until)?;
        for table in &self.lookup.tables {
            let rows = self.exported_since(&table.name, step)?;
            let resident: Vec<u32> = rows.resident.iter().map(|&there| u32::from(there)).collect();
            delta.push_known(KnownRows {
                name: &table.name,
                dim: (table.chunks * self.lookup.width) as usize,
                chunks: table.chunks as usize,
                ids: &rows.virtual_ids,
                values: &rows.values,
                resident: &resident,
                in_use: rows.in_use.as_deref(),
            })?;
        }
        Ok(delta)
    }

    /// The model that these tables are, with its step that the device was given, if changes are tracked.
    pub(crate) fn followed(&self) -> Option<Followed> {
        let step = self.lookup.store.submitted_steps();
        self.model.as_ref().map(|model| Followed::new(model.clone(), step))
    }
}

/// A table as other kinds take it over.
pub(crate) struct WholeTable {
    pub(crate) name: String,
    pub(crate) dim: usize,
    pub(crate) rows: ExportedRows,
    /// Rows that there is room for.
    pub(crate) room: usize,
}

impl Lookup {
    pub(super) fn whole(&self) -> Result<Vec<WholeTable>> {
        let table = |(index, table): (usize, &Table)| {
            let dim = (table.chunks * self.width) as usize;
            let (name, room) = (table.name.clone(), table.directory.capacity());
            Ok(WholeTable { name, dim, rows: self.exported(index, |_| true)?, room })
        };
        self.tables.iter().enumerate().map(table).collect()
    }

    /// The rows in use that are wanted.
    pub(super) fn exported(&self, table: usize, wanted: impl Fn(usize) -> bool) -> Result<ExportedRows> {
        let spec = &self.tables[table];
        let (chunks, width) = (spec.chunks as usize, self.width as usize);
        let slots = self.slots_of(table)?;
        let store = self.store.download(CHUNKS)?;
        let mut rows = ExportedRows::default();
        for (row, &id) in spec.directory.ids_of_rows()?.iter().enumerate() {
            if id == 0 || !wanted(row) {
                continue;
            }
            rows.virtual_ids.push(id);
            for &slot in &slots[row * chunks..][..chunks] {
                rows.resident.push(slot != NONE);
                match store.get(slot as usize * width..).and_then(|rest| rest.get(..width)) {
                    Some(values) => rows.values.extend(values),
                    None => rows.values.resize(rows.values.len() + width, 0.0),
                }
            }
        }
        Ok(rows)
    }
}
