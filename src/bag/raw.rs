//! Raw ids: batches whose ids get rows from the directories of their tables.

use std::ops::Range;

use super::batch::Inner;
use super::flat::Flat;
use super::{BatchBuilder, EmbeddingBags, FeatureSpec, Id, JaggedBatch};
use crate::device::{Buffer, Recorder};
use crate::directory::{DeviceIds, Found, IdDirectory, Ids, record_find};
use crate::kernels::feature::SKIPPED;
use crate::numbers::narrow;
use crate::{Error, Result};

/// Raw ids on the device, and the batch whose rows they give. Its status counts the ids without one.
struct RawBatch {
    batch: JaggedBatch,
    ids: Buffer,
    /// Ids of each feature.
    counts: Vec<u32>,
}

impl EmbeddingBags {
    /// Makes a batch of raw ids to train with: those that are new get rows of their
    /// [table](crate::Table::raw_ids), as long as there are any; ids without one give zeros, do not count for
    /// a mean and get no gradient ([`JaggedBatch::skipped`] says how many there are). Features of other tables
    /// have rows as ever; for bags without raw ids it is [`BatchBuilder::build`]. Waits until it is done.
    ///
    /// ```
    /// use embag::optim::RowwiseAdagrad;
    /// use embag::{Context, EmbeddingBags, Pooling, Table};
    ///
    /// let ctx = Context::cpu();
    /// let mut bags = EmbeddingBags::builder(&ctx)
    ///     .table("movie", Table::raw_ids(1_000).dim(16))
    ///     .feature("liked", "movie", Pooling::Mean)
    ///     .optimizer(RowwiseAdagrad::new(0.05))
    ///     .build()?;
    /// let liked = [9_007_199_254_740_993u64, 7, 42];
    /// let batch = bags.admit(bags.batch().bags("liked", &liked, &[2, 1]))?;
    /// let pooled = bags.forward(&batch)?;
    /// bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
    ///
    /// let served = bags.find(bags.batch().bags("liked", &[42u64, 8], &[1, 1]))?;
    /// assert_eq!((bags.directory("movie")?.usage()?.rows, served.skipped()?), (3, 1));
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`BatchBuilder::build`]; [`Error::Device`] if the device fails.
    pub fn admit(&mut self, batch: BatchBuilder) -> Result<JaggedBatch> {
        batch.fits(&self.schema)?;
        self.admit_flat(batch.collect()?)
    }

    /// [`EmbeddingBags::admit`] for a batch in the layout of a KeyedJaggedTensor, as
    /// [`EmbeddingBags::batch_from_lengths`] takes it.
    ///
    /// # Errors
    /// As [`EmbeddingBags::admit`].
    pub fn admit_from_lengths<I: Id>(
        &mut self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        self.admit_flat(Flat::from_lengths(&self.schema, values, lengths, weights)?)
    }

    fn admit_flat(&mut self, flat: Flat) -> Result<JaggedBatch> {
        if !flat.is_raw() {
            return flat.upload(self.context(), &self.schema);
        }
        let raw = self.upload_raw(flat)?;
        self.admit_ids(&raw)?;
        Ok(raw.batch)
    }

    /// [`EmbeddingBags::admit`] without rows for new ids: to serve, and to evaluate. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::admit`].
    pub fn find(&self, batch: BatchBuilder) -> Result<JaggedBatch> {
        let mut rec = Recorder::new(self.context());
        let batch = self.record_find(&mut rec, batch)?;
        rec.run()?;
        Ok(batch)
    }

    /// [`EmbeddingBags::find`] for a batch in the layout of a KeyedJaggedTensor, as
    /// [`EmbeddingBags::batch_from_lengths`] takes it.
    ///
    /// # Errors
    /// As [`EmbeddingBags::find`].
    pub fn find_from_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        let flat = Flat::from_lengths(&self.schema, values, lengths, weights)?;
        let mut rec = Recorder::new(self.context());
        let batch = self.record_find_flat(&mut rec, flat)?;
        rec.run()?;
        Ok(batch)
    }

    /// [`EmbeddingBags::find`] whose look-up is recorded. The batch is for what is recorded afterwards, and
    /// for other recorders once this one is submitted.
    ///
    /// # Errors
    /// As [`EmbeddingBags::find`].
    pub fn record_find(&self, rec: &mut Recorder, batch: BatchBuilder) -> Result<JaggedBatch> {
        self.store.same_context(rec)?;
        batch.fits(&self.schema)?;
        self.record_find_flat(rec, batch.collect()?)
    }

    fn record_find_flat(&self, rec: &mut Recorder, flat: Flat) -> Result<JaggedBatch> {
        if !flat.is_raw() {
            return flat.upload(self.context(), &self.schema);
        }
        let raw = self.upload_raw(flat)?;
        self.seek(rec, &raw)?;
        Ok(raw.batch)
    }

    fn upload_raw(&self, flat: Flat) -> Result<RawBatch> {
        let counts = flat.counts.clone();
        let (batch, ids) = flat.upload_raw(self.context(), &self.schema, self.directories.standing())?;
        Ok(RawBatch { batch, ids, counts })
    }

    /// [`EmbeddingBags::admit`] for ids that already lie in device memory; all tables are of raw ids.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if sizes disagree or a table has no directory,
    /// [`Error::Device`] if the device fails, and the batch's own errors if it is bad; ids may have got rows
    /// then.
    pub fn admit_from_device(&mut self, ids: DeviceIds) -> Result<JaggedBatch> {
        let mut rec = Recorder::new(self.context());
        let raw = self.batch_of_device(&mut rec, ids)?;
        rec.run()?;
        self.admit_ids(&raw)?;
        Ok(raw.batch)
    }

    /// Records [`EmbeddingBags::find`] for ids that already lie in device memory.
    ///
    /// # Errors
    /// As [`EmbeddingBags::admit_from_device`].
    pub fn record_find_from_device(&self, rec: &mut Recorder, ids: DeviceIds) -> Result<JaggedBatch> {
        self.store.same_context(rec)?;
        rec.whole(|rec| {
            let raw = self.batch_of_device(rec, ids)?;
            self.seek(rec, &raw)?;
            Ok(raw.batch)
        })
    }

    /// Halves the counts of raw ids without a row, of tables that admit ids
    /// [by count](crate::Table::admit_after), after everything submitted so far; see
    /// [`IdDirectory::record_age`].
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn age_counts(&mut self) -> Result<()> {
        self.directories.age_counts()
    }

    /// The directory of a table of raw ids.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, or it is none of raw ids.
    pub fn directory(&self, table: &str) -> Result<&IdDirectory> {
        self.directories.wanted(table, self.store.tables().find(table)?)
    }

    /// Raw ids where they are, and a batch of room for their rows.
    fn batch_of_device(&self, rec: &mut Recorder, ids: DeviceIds) -> Result<RawBatch> {
        if let Some(FeatureSpec { name, .. }) = self.schema.features.iter().find(|spec| !spec.raw) {
            let argument = format!("feature \"{name}\"");
            return Err(Error::invalid(argument, "a table of raw ids, for ids on the device", "one of rows"));
        }
        let raw = ids.ids.clone();
        let batch = JaggedBatch::of_raw(rec, &self.schema, ids, self.directories.standing())?;
        let counts = batch.inner.counts.clone().unwrap_or_default();
        Ok(RawBatch { batch, ids: raw, counts })
    }

    /// The features of raw ids with their tables, and where their ids are.
    fn ranges(&self, counts: &[u32]) -> Vec<(&FeatureSpec, Range<u32>)> {
        let mut end = 0;
        let ranges = self.schema.features.iter().zip(counts).map(|(spec, count)| {
            end += count;
            (spec, end - count..end)
        });
        ranges.filter(|(spec, range)| spec.raw && !range.is_empty()).collect()
    }

    /// What is sought in the directories of some tables.
    fn sought(&self, counts: &[u32], wanted: impl Fn(usize) -> bool) -> Vec<Ids<'_>> {
        let ranges = self.ranges(counts).into_iter().filter(|(spec, _)| wanted(spec.table));
        let ids = |(spec, range): (&FeatureSpec, Range<u32>)| {
            let directory = self.directories.get(spec.table)?;
            Some(Ids { directory, range, padding: spec.raw_padding })
        };
        ranges.filter_map(ids).collect()
    }

    /// Records the look-up of all raw ids; those without a row are counted in the batch's status.
    fn seek(&self, rec: &mut Recorder, raw: &RawBatch) -> Result<()> {
        let Inner { ids_buffer: rows, status, .. } = &*raw.batch.inner;
        let found = Found { rows, unknown: None, strangers: status, table: SKIPPED };
        record_find(rec, &raw.ids, self.sought(&raw.counts, |_| true), &found)
    }

    /// Looks raw ids up after those that are new have got rows.
    fn admit_ids(&mut self, raw: &RawBatch) -> Result<()> {
        let ctx = self.context().clone();
        let mut tables: Vec<usize> =
            self.ranges(&raw.counts).into_iter().map(|(spec, _)| spec.table).collect();
        tables.sort_unstable();
        tables.dedup();
        let strangers = ctx.allocate("embag.strangers", self.directories.tables() as u64 * 4)?;
        let mut rec = Recorder::new(&ctx);
        let mut unknown = Vec::new();
        for &table in &tables {
            let sought = self.sought(&raw.counts, |of| of == table);
            let len = sought.iter().map(|ids| ids.range.end - ids.range.start).sum::<u32>();
            let ids = ctx.lend("embag.unknown", u64::from(len) * 4)?;
            let found = Found {
                rows: &raw.batch.inner.ids_buffer,
                unknown: Some(&ids),
                strangers: &strangers,
                // there are fewer tables than columns
                table: narrow(table),
            };
            record_find(&mut rec, &raw.ids, sought, &found)?;
            unknown.push((ids, len));
        }
        rec.run()?;
        // mostly there are no new ones, and nothing to be sorted
        let strangers: Vec<u32> = strangers.read(&ctx)?;
        if strangers.iter().all(|&strangers| strangers == 0) {
            return Ok(());
        }
        let before = self.rows_in_use(&tables)?;
        let mut rec = Recorder::new(&ctx);
        for (&table, (ids, len)) in tables.iter().zip(&unknown) {
            if let Some(directory) = self.directories.get_mut(table).filter(|_| strangers[table] > 0) {
                rec.scope(|rec| {
                    let new = directory.new_ids(rec, ids, *len)?;
                    directory.give_rows(rec, &new)
                })?;
            }
        }
        self.seek(&mut rec, raw)?;
        rec.run()?;
        // whoever follows these tables must know the ids, even if no step changes their rows
        for ((&table, before), after) in tables.iter().zip(before).zip(self.rows_in_use(&tables)?) {
            self.store.stamp_written(table, &(before..after).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Rows that ids have in tables whose changes are noted; nothing if they are not.
    fn rows_in_use(&self, tables: &[usize]) -> Result<Vec<u32>> {
        if !self.store.tracks_changes() {
            return Ok(Vec::new());
        }
        let rows = |&table: &usize| match self.directories.get(table) {
            Some(directory) => Ok(directory.counts()?.in_use()),
            None => Ok(0),
        };
        tables.iter().map(rows).collect()
    }
}
