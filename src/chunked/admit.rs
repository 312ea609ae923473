//! Rows and slots for ids that are new.

use super::batch::RawIds;
use super::lookup::Table;
use super::{ChunkedBatch, ChunkedTables};
use crate::bag::{BatchBuilder, ForDirectory};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::directory::{DeviceIds, NewIds, NewRows};
use crate::kernels::{chunk_open, chunk_opened, chunk_reset};
use crate::numbers::narrow;
use crate::table::RowFormat;
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
        self.admit_raw(&self.lookup.named(batch, Vec::new())?)
    }

    /// [`ChunkedTables::admit`] for a batch in the layout of a KeyedJaggedTensor, as
    /// [`ChunkedTables::find_from_lengths`] takes it.
    ///
    /// # Errors
    /// As [`ChunkedTables::admit`] and [`ChunkedTables::find_from_lengths`].
    pub fn admit_from_lengths(&mut self, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        self.admit_weighted(ids, lengths, None)
    }

    pub(crate) fn admit_weighted(
        &mut self,
        ids: &[u64],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<ChunkedBatch> {
        self.admit_raw(&self.lookup.raw_ids(ids, lengths, weights, Vec::new())?)
    }

    /// [`ChunkedTables::admit`] for ids that already lie in device memory.
    ///
    /// # Errors
    /// As [`ChunkedTables::admit`].
    pub fn admit_from_device(&mut self, ids: DeviceIds) -> Result<ChunkedBatch> {
        let mut rec = Recorder::new(self.context());
        let raw = self.lookup.on_device(&mut rec, ids, Vec::new())?;
        // nothing moves for a bad batch
        rec.run()?;
        self.admit_raw(&raw)
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

    pub(super) fn admit_raw(&mut self, raw: &RawIds) -> Result<ChunkedBatch> {
        let ctx = self.context().clone();
        let strangers = ctx.allocate("embag.strangers", self.lookup.tables.len() as u64 * 4)?;
        let mut rec = Recorder::new(&ctx);
        let unknown = (0..self.lookup.tables.len())
            .map(|table| {
                let unknown = self.unknown(raw, table)?;
                // there are fewer tables than columns
                let counted = (&strangers, narrow(table));
                self.lookup.look_up(&mut rec, raw, |of| of == table, Some(&unknown.ids), counted)?;
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
        if new.is_empty() {
            return Ok(ChunkedBatch { inner: raw.batch.clone(), epoch: self.epoch });
        }
        // nothing has moved yet: whatever can fail is tried before
        for (table, ids) in &new {
            self.fresh_bytes(*table, ids.len())?;
        }
        rec.run()?;
        self.make_room(raw, &new)?;
        let mut rec = Recorder::new(&ctx);
        for (table, ids) in &new {
            rec.scope(|rec| self.open(rec, *table, ids))?;
        }
        let batch = self.lookup.record_find(&mut rec, raw, self.epoch)?;
        rec.run()?;
        Ok(batch)
    }

    /// Room for what is unknown among the ids of a table's features.
    fn unknown(&self, raw: &RawIds, table: usize) -> Result<Unknown> {
        let sought = self.lookup.ids_of(raw, |of| of == table);
        let len = sought.iter().map(|ids| ids.range.end - ids.range.start).sum();
        Ok(Unknown { ids: self.context().allocate("embag.unknown", u64::from(len) * 4)?, len })
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
                store_type: RowFormat::from(self.lookup.slot().precision).code(),
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
