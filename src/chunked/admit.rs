//! Rows and slots for ids that are new.

use super::batch::RawIds;
use super::lookup::Table;
use super::{ChunkedBatch, ChunkedTables};
use crate::bag::{BatchBuilder, ForDirectory};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::directory::{DeviceIds, Found, NewIds, NewRows, record_find};
use crate::kernels::{chunk_open, chunk_opened, chunk_reset};
use crate::numbers::narrow;
use crate::{Error, Result};

/// What is unknown among the ids of a table's features.
struct Unknown {
    ids: Buffer,
    len: u32,
}

impl ChunkedTables {
    /// [`ChunkedTables::find`] after ids that are new have got rows, and the rows' chunks slots, as long as
    /// there are free ones. If a directory has too few rows,
    /// [`ChunkedTablesBuilder::when_full`](super::ChunkedTablesBuilder::when_full) says what happens. Waits
    /// until it is done.
    ///
    /// # Errors
    /// As [`ChunkedTables::find`]; [`Error::DirectoryFull`](crate::Error::DirectoryFull) if a directory is
    /// full and that is to be an error. No row or chunk has moved then.
    pub fn admit(&mut self, batch: BatchBuilder<ForDirectory>) -> Result<ChunkedBatch> {
        self.admit_raw(self.lookup.named(batch)?)
    }

    /// [`ChunkedTables::admit`] for a batch in the layout of a KeyedJaggedTensor, as
    /// [`ChunkedTables::find_from_lengths`] takes it.
    ///
    /// # Errors
    /// As [`ChunkedTables::admit`] and [`ChunkedTables::find_from_lengths`].
    pub fn admit_from_lengths(&mut self, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        self.admit_raw(self.lookup.upload(ids, lengths)?)
    }

    /// [`ChunkedTables::admit`] for ids that already lie in device memory.
    ///
    /// # Errors
    /// As [`ChunkedTables::admit`].
    pub fn admit_from_device(&mut self, ids: DeviceIds) -> Result<ChunkedBatch> {
        self.admit_raw(self.lookup.on_device(ids)?)
    }

    /// Halves the counts of ids without a row, where ids are admitted
    /// [by count](super::ChunkedTablesBuilder::admit_after), after everything submitted so far; see
    /// [`IdDirectory::record_age`](crate::IdDirectory::record_age).
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn age_counts(&mut self) -> Result<()> {
        self.lookup.tables.iter_mut().try_for_each(|table| table.directory.age_counts())
    }

    fn admit_raw(&mut self, raw: RawIds) -> Result<ChunkedBatch> {
        let ctx = self.context().clone();
        let strangers = ctx.allocate("embag.strangers", self.lookup.tables.len() as u64 * 4)?;
        let mut rec = Recorder::new(&ctx);
        let unknown = (0..self.lookup.tables.len())
            .map(|table| {
                let unknown = self.unknown(&raw, table)?;
                self.look_up(&mut rec, &raw, table, Some(&unknown.ids), &strangers)?;
                Ok(unknown)
            })
            .collect::<Result<Vec<_>>>()?;
        rec.run()?;
        // the ids that have rows are not sorted: mostly there are no others
        let strangers: Vec<u32> = strangers.read(&ctx)?;
        let mut rec = Recorder::new(&ctx);
        let mut new = Vec::new();
        for (table, (unknown, &strangers)) in unknown.iter().zip(&strangers).enumerate() {
            if strangers > 0 {
                let directory = &self.lookup.tables[table].directory;
                new.push((table, directory.new_ids(&mut rec, &unknown.ids, unknown.len)?));
            }
        }
        let mut after = Recorder::new(&ctx);
        if !new.is_empty() {
            // nothing has moved yet: whatever can fail is tried before
            for (table, ids) in &new {
                self.fresh_bytes(*table, ids.len())?;
            }
            let tried = raw.batch(&mut rec, &self.lookup, self.epoch)?;
            rec.run()?;
            drop(tried);
            self.make_room(&raw, &new)?;
            for (table, ids) in &new {
                after.scope(|rec| self.open(rec, *table, ids))?;
                let strangers = ctx.allocate("embag.strangers", (*table as u64 + 1) * 4)?;
                self.look_up(&mut after, &raw, *table, None, &strangers)?;
            }
        }
        let batch = raw.batch(&mut after, &self.lookup, self.epoch)?;
        after.run()?;
        Ok(batch)
    }

    /// Room for what is unknown among the ids of a table's features.
    fn unknown(&self, raw: &RawIds, table: usize) -> Result<Unknown> {
        let sought = self.lookup.ids_of(raw, |of| of == table);
        let len = sought.iter().map(|ids| ids.range.end - ids.range.start).sum();
        Ok(Unknown { ids: self.context().allocate("embag.unknown", u64::from(len) * 4)?, len })
    }

    /// Records the look-up of the ids of all features of a table.
    fn look_up(
        &self,
        rec: &mut Recorder,
        raw: &RawIds,
        table: usize,
        unknown: Option<&Buffer>,
        strangers: &Buffer,
    ) -> Result<()> {
        let sought = self.lookup.ids_of(raw, |of| of == table);
        // there are fewer tables than columns
        let table = narrow(table);
        record_find(rec, raw.ids(), sought, &Found { rows: &raw.rows, unknown, strangers, table })
    }

    /// Gives new ids rows, the rows' chunks slots, and those first values.
    fn open(&mut self, rec: &mut Recorder, table: usize, new: &NewIds) -> Result<()> {
        let (step, words) = (self.steps(), self.settings.words());
        let credit = self.settings.when_full.first_credit(step);
        let fresh_bytes = self.fresh_bytes(table, new.len())?;
        let spec = &mut self.lookup.tables[table];
        let NewRows { len, rows, admitted } = spec.directory.give_rows(rec, new)?;
        let chunks = spec.chunks;
        let fresh = rec.scratch("embag.fresh", fresh_bytes)?;
        let fresh_count = rec.scratch("embag.fresh_count", 4)?;
        // there are fewer tables than columns
        let table_number = narrow(table);
        let params = chunk_open::Params { len, chunks, table: table_number, step, words, credit };
        let bindings = chunk_open::Bindings {
            new_rows: rows,
            admitted: admitted.clone(),
            free_count: self.free_count.clone(),
            free: self.free.clone(),
            slots: spec.slots.clone(),
            touch: self.worth[table].touch.clone(),
            fresh: fresh.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len * chunks));
        let params = chunk_opened::Params { chunks };
        let bindings = chunk_opened::Bindings {
            admitted,
            free_count: self.free_count.clone(),
            fresh_count: fresh_count.clone(),
        };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
        self.reset(rec, &fresh, &fresh_count, len * chunks);
        Ok(())
    }

    /// Bytes that describe the chunks of `rows` new rows of a table, which must fit a binding.
    fn fresh_bytes(&self, table: usize, rows: u32) -> Result<u64> {
        let Table { name, chunks, .. } = &self.lookup.tables[table];
        let needed = u64::from(rows) * u64::from(*chunks) * 16;
        let limit = self.context().limits().binding;
        if needed > limit {
            let what = format!("new ids of table \"{name}\", 16 bytes for each of their chunks");
            return Err(Error::LimitExceeded { what, needed, limit, hint: "admit a smaller batch" });
        }
        Ok(needed)
    }

    /// First values of fresh chunks, of which there are `len` at most.
    pub(super) fn reset(&self, rec: &mut Recorder, fresh: &Buffer, fresh_count: &Buffer, len: u32) {
        let store = self.lookup.store.tables();
        for (w, part) in self.lookup.parts() {
            let params = chunk_reset::Params {
                len,
                first_slot: part.first_row,
                slots: part.rows,
                base: part.base,
                width: self.lookup.width,
                state_base: part.state_base,
                state_width: part.state_stride,
                seed: self.settings.seed,
                scale: self.settings.scale,
            };
            let bindings = chunk_reset::Bindings {
                fresh: fresh.clone(),
                fresh_count: fresh_count.clone(),
                weights: store.weights(w).clone(),
                state: store.state(w).clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        }
    }
}
