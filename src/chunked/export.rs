//! Rows as dense vectors: all of a table, or those that changed.

use super::ChunkedTables;
use super::lookup::{CHUNKS, Lookup, Table};
use crate::Result;
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

/// A table as other kinds take it over.
pub(crate) struct WholeTable {
    pub(crate) name: String,
    pub(crate) dim: usize,
    pub(crate) rows: ExportedRows,
}

impl Lookup {
    pub(super) fn whole(&self) -> Result<Vec<WholeTable>> {
        let table = |(index, table): (usize, &Table)| {
            let dim = (table.chunks * self.width) as usize;
            Ok(WholeTable { name: table.name.clone(), dim, rows: self.exported(index, |_| true)? })
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
