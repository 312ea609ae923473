//! Rows and tables as the host sees them.

use super::ChunkedTables;
use super::lookup::CHUNKS;
use crate::Result;
use crate::kernels::feature::NONE;

/// A row as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct ChunkedRow {
    /// Its values, with zeros where chunks are absent.
    pub values: Vec<f32>,
    /// The slot of each chunk.
    pub slots: Vec<Option<u32>>,
    /// The utility of each chunk as of `stamp`, the step that the row was last changed in: by a backward, or
    /// by chunks that came or left.
    pub utility: Vec<f32>,
    /// See `utility`.
    pub stamp: u32,
}

impl ChunkedTables {
    /// The row of a raw id, if it has one. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table,
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn row(&self, table: &str, id: u64) -> Result<Option<ChunkedRow>> {
        let (ctx, index) = (self.context(), self.lookup.find_table(table)?);
        let (table, worth) = (&self.lookup.tables[index], &self.worth[index]);
        let row = self.lookup.rows_of(index, &[id])?[0];
        if row == NONE {
            return Ok(None);
        }
        let chunks = u64::from(table.chunks) * 4;
        let slots = table.slots.part(u64::from(row) * chunks, chunks).read::<u32>(ctx)?;
        let mut values = Vec::new();
        for &slot in &slots {
            match slot {
                NONE => values.extend(vec![0.0; self.lookup.width as usize]),
                slot => values.extend(self.lookup.store.read_row(CHUNKS, slot.into())?),
            }
        }
        let words = u64::from(self.settings.words()) * 4;
        Ok(Some(ChunkedRow {
            values,
            slots: slots.into_iter().map(|slot| (slot != NONE).then_some(slot)).collect(),
            utility: worth.utility.part(u64::from(row) * chunks, chunks).read(ctx)?,
            stamp: worth.touch.part(u64::from(row) * words, 4).read::<u32>(ctx)?[0],
        }))
    }

    /// For each number of chunks from 0 on, how many rows of a table have that many with a slot. Blocks.
    ///
    /// # Errors
    /// As [`ChunkedTables::row`].
    pub fn resident_chunks(&self, table: &str) -> Result<Vec<u32>> {
        let index = self.lookup.find_table(table)?;
        let table = &self.lookup.tables[index];
        let chunks = table.chunks as usize;
        let mut rows = vec![0; chunks + 1];
        let slots = self.lookup.slots_of(index)?;
        for (slots, &id) in slots.chunks(chunks).zip(&table.directory.ids_of_rows()?) {
            if id != 0 {
                rows[slots.iter().filter(|&&slot| slot != NONE).count()] += 1;
            }
        }
        Ok(rows)
    }
}
