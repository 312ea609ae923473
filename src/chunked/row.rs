//! Rows and tables as the host sees them.

use super::lookup::{CHUNKS, Lookup, Table};
use super::{ChunkedTables, PrunedTables};
use crate::delta::Followed;
use crate::kernels::feature::NONE;
use crate::{Error, Result};

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

impl Lookup {
    /// The slots of a row's chunks, and its values.
    fn read_row(&self, table: usize, row: u32) -> Result<(Vec<u32>, Vec<f32>)> {
        let Table { chunks, slots, .. } = &self.tables[table];
        let bytes = u64::from(*chunks) * 4;
        let slots = slots.part(u64::from(row) * bytes, bytes).read::<u32>(self.context())?;
        let mut values = Vec::new();
        for &slot in &slots {
            match slot {
                NONE => values.extend(vec![0.0; self.width as usize]),
                slot => values.extend(self.store.read_row(CHUNKS, slot.into())?),
            }
        }
        Ok((slots, values))
    }
}

impl PrunedTables {
    /// The values of the row of a raw id, if it has one, with zeros where chunks are absent. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, [`Error::Device`] if the device fails.
    pub fn row(&self, table: &str, id: u64) -> Result<Option<Vec<f32>>> {
        // until then no delta is applied
        let _hold = self.following.as_ref().map(Followed::hold);
        let index = self.lookup.find_table(table)?;
        match self.lookup.rows_of(index, &[id])?[0] {
            NONE => Ok(None),
            row => Ok(Some(self.lookup.read_row(index, row)?.1)),
        }
    }
}

impl ChunkedTables {
    /// The row of a raw id, if it has one. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, [`Error::Device`] if the device fails.
    pub fn row(&self, table: &str, id: u64) -> Result<Option<ChunkedRow>> {
        let (ctx, index) = (self.context(), self.lookup.find_table(table)?);
        let (table, worth) = (&self.lookup.tables[index], &self.worth[index]);
        let row = self.lookup.rows_of(index, &[id])?[0];
        if row == NONE {
            return Ok(None);
        }
        let chunks = u64::from(table.chunks) * 4;
        let (slots, values) = self.lookup.read_row(index, row)?;
        let words = u64::from(self.settings.words()) * 4;
        Ok(Some(ChunkedRow {
            values,
            slots: slots.into_iter().map(|slot| (slot != NONE).then_some(slot)).collect(),
            utility: worth.utility.part(u64::from(row) * chunks, chunks).read(ctx)?,
            stamp: worth.touch.part(u64::from(row) * words, 4).read::<u32>(ctx)?[0],
        }))
    }

    /// Overwrites the row of a raw id: the chunks that have a slot. The others stay zeros, whatever `values` has
    /// for them, and the optimizer's state stays as it is. The row counts as changed in this step. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, the id has no row (see [`ChunkedTables::admit`]),
    /// or `values` has another number of columns; [`Error::Device`] if the device fails.
    pub fn write_row(&mut self, table: &str, id: u64, values: &[f32]) -> Result<()> {
        let Some(ChunkedRow { slots, utility, stamp, .. }) = self.row(table, id)? else {
            let argument = format!("id {id} of table \"{table}\"");
            return Err(Error::invalid(argument, "one that has a row", "one without"));
        };
        let width = self.lookup.width as usize;
        if values.len() != slots.len() * width {
            let argument = format!("row of table \"{table}\"");
            let expected = format!("{} values", slots.len() * width);
            return Err(Error::invalid(argument, expected, values.len()));
        }
        for (slot, values) in slots.iter().zip(values.chunks(width)) {
            if let Some(slot) = slot {
                self.lookup.store.write_row(CHUNKS, (*slot).into(), values)?;
            }
        }
        // utilities are as of the step that the row was changed in
        let (ctx, now) = (self.context(), self.steps());
        let left = self.settings.utility.decay.powf((now - stamp) as f32);
        let utility: Vec<f32> = utility.into_iter().map(|utility| utility * left).collect();
        let index = self.lookup.find_table(table)?;
        let row = u64::from(self.lookup.rows_of(index, &[id])?[0]);
        let worth = &self.worth[index];
        worth.utility.write(ctx, row * utility.len() as u64 * 4, &utility)?;
        worth.touch.write(ctx, row * u64::from(self.settings.words()) * 4, &[now])
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
