//! Batches of raw ids.

use std::ops::Range;

use super::lookup::Lookup;
use crate::Result;
use crate::bag::{BatchBuilder, FeatureSpec, Flat, ForDirectory, JaggedBatch};
use crate::device::{Buffer, Ground, Recorder};
use crate::directory::{DeviceIds, Found, Ids, record_find};
use crate::kernels::feature::SKIPPED;

/// A batch whose ids were looked up; made by [`ChunkedTables::admit`](super::ChunkedTables::admit) and the
/// like. It holds until rows or chunks move: until the next adjustment, change of the budget, or eviction of
/// rows.
#[derive(Debug, Clone)]
pub struct ChunkedBatch {
    /// Whose ids are rows.
    pub(super) inner: JaggedBatch,
    /// How often rows or chunks had moved before.
    pub(super) epoch: u32,
}

impl ChunkedBatch {
    /// Number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Number of ids in all bags.
    #[must_use]
    pub fn ids(&self) -> usize {
        self.inner.ids()
    }

    /// The same bags with other per-sample weights, as [`JaggedBatch::with_weights`].
    ///
    /// # Errors
    /// As [`JaggedBatch::with_weights`].
    pub fn with_weights(&self, weights: Buffer) -> Result<Self> {
        Ok(Self { inner: self.inner.with_weights(weights)?, epoch: self.epoch })
    }

    /// Whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// As [`JaggedBatch::output_cols`].
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.inner.output_cols()
    }

    /// As [`JaggedBatch::columns_of`].
    ///
    /// # Errors
    /// As [`JaggedBatch::columns_of`].
    pub fn columns_of(&self, feature: &str) -> Result<Range<usize>> {
        self.inner.columns_of(feature)
    }

    /// Number of ids that have no row, and so stand for zeros. Reads from the device, and so waits for it.
    ///
    /// # Errors
    /// The errors of the batch itself, if it is bad.
    pub fn absent(&self) -> Result<u64> {
        self.inner.skipped()
    }

    /// First id of each feature, and one past the last.
    pub(super) fn ranges(&self) -> Vec<Range<u32>> {
        ranges(self.inner.inner.counts.as_deref().unwrap_or_default())
    }
}

fn ranges(counts: &[u32]) -> Vec<Range<u32>> {
    let mut end = 0;
    let range = |&count: &u32| {
        end += count;
        end - count..end
    };
    counts.iter().map(range).collect()
}

/// Raw ids, and the batch whose rows they give. Its status counts the ids without one.
pub(super) struct RawIds {
    pub(super) batch: JaggedBatch,
    pub(super) ids: Buffer,
    /// Of each feature.
    ranges: Vec<Range<u32>>,
}

/// Directories whose rows do not move while a batch is used, and how often they have moved. (The rows of
/// tables in training do, and then their batches are refused by their epoch.)
pub(super) type Standing = Vec<(Ground, u64)>;

impl RawIds {
    fn new(batch: JaggedBatch, ids: Buffer) -> Self {
        let ranges = ranges(batch.inner.counts.as_deref().unwrap_or_default());
        Self { batch, ids, ranges }
    }
}

impl Lookup {
    fn upload(&self, flat: Flat, standing: Standing) -> Result<RawIds> {
        let (batch, ids) = flat.upload_raw(self.context(), self.schema(), standing)?;
        Ok(RawIds::new(batch, ids))
    }

    /// Raw ids from the host.
    pub(super) fn raw_ids(
        &self,
        ids: &[u64],
        lengths: &[u32],
        weights: Option<&[f32]>,
        standing: Standing,
    ) -> Result<RawIds> {
        self.upload(Flat::from_lengths(self.schema(), ids, lengths, weights)?, standing)
    }

    /// Raw ids of a batch that was begun for these tables.
    pub(super) fn named(&self, batch: BatchBuilder<ForDirectory>, standing: Standing) -> Result<RawIds> {
        batch.fits(self.schema())?;
        self.upload(batch.collect()?, standing)
    }

    /// Raw ids that lie on the device, checked there when the recorder is submitted.
    pub(super) fn on_device(
        &self,
        rec: &mut Recorder,
        given: DeviceIds,
        standing: Standing,
    ) -> Result<RawIds> {
        let ids = given.ids.clone();
        Ok(RawIds::new(JaggedBatch::of_raw(rec, self.schema(), given, standing)?, ids))
    }

    /// Looks ids up; waits until it is done.
    pub(super) fn find(&self, raw: &RawIds, epoch: u32) -> Result<ChunkedBatch> {
        let mut rec = Recorder::new(self.context());
        let batch = self.record_find(&mut rec, raw, epoch)?;
        rec.run()?;
        Ok(batch)
    }

    /// Records the look-up of ids: those that have no row stand for zeros.
    pub(super) fn record_find(&self, rec: &mut Recorder, raw: &RawIds, epoch: u32) -> Result<ChunkedBatch> {
        self.store.same_context(rec)?;
        rec.scope(|rec| self.look_up(rec, raw, |_| true, None, (&raw.batch.inner.status, SKIPPED)))?;
        Ok(ChunkedBatch { inner: raw.batch.clone(), epoch })
    }

    /// [`Lookup::record_find`] for ids that lie on the device.
    pub(super) fn record_find_from_device(
        &self,
        rec: &mut Recorder,
        given: DeviceIds,
        standing: Standing,
        epoch: u32,
    ) -> Result<ChunkedBatch> {
        self.store.same_context(rec)?;
        rec.whole(|rec| {
            let raw = self.on_device(rec, given, standing)?;
            self.record_find(rec, &raw, epoch)
        })
    }

    /// Records the look-up of the ids of the features of some tables. Those without a row are counted in a
    /// word of `strangers`, and their virtual ids are `unknown`, if they are wanted.
    pub(super) fn look_up(
        &self,
        rec: &mut Recorder,
        raw: &RawIds,
        table: impl Fn(usize) -> bool,
        unknown: Option<&Buffer>,
        (strangers, word): (&Buffer, u32),
    ) -> Result<()> {
        let found = Found { rows: &raw.batch.inner.ids_buffer, unknown, strangers, table: word };
        record_find(rec, &raw.ids, self.ids_of(raw, table), &found)
    }

    /// The ids of the features of some tables, and where they are looked up.
    pub(super) fn ids_of(&self, raw: &RawIds, table: impl Fn(usize) -> bool) -> Vec<Ids<'_>> {
        let all = self.schema().features.iter().zip(&raw.ranges).filter(|(spec, _)| table(spec.table));
        let ids = |(spec, range): (&FeatureSpec, &Range<u32>)| Ids {
            directory: &self.tables[spec.table].directory,
            range: range.clone(),
            padding: spec.raw_padding,
        };
        all.map(ids).collect()
    }
}
