//! Batches of raw ids.

use std::ops::Range;

use super::lookup::{Feature, Lookup};
use crate::bag::{BatchBuilder, DeviceBatch, ForDirectory, JaggedBatch, RawBatch};
use crate::device::{Buffer, Context, Recorder};
use crate::directory::{DeviceIds, Found, Ids, record_find};
use crate::kernels::feature::SKIPPED;
use crate::numbers::narrow;
use crate::{Error, Result};

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

/// Ids on the device before they are looked up, with room for their rows.
pub(super) struct RawIds {
    given: DeviceIds,
    /// The features that they are of, if not of all.
    only: Option<Vec<usize>>,
    pub(super) rows: Buffer,
    pub(super) ranges: Vec<Range<u32>>,
}

impl RawIds {
    /// From `lengths[f * batch + b]` ids for each feature and example, one after the other.
    fn upload(
        ctx: &Context,
        features: usize,
        ids: &[u64],
        lengths: &[u32],
        only: Option<Vec<usize>>,
    ) -> Result<Self> {
        if !lengths.len().is_multiple_of(features) {
            let expected = format!("a multiple of the {features} features");
            return Err(Error::invalid("lengths", expected, lengths.len()));
        }
        let sum: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        if sum != ids.len() as u64 {
            return Err(Error::invalid("lengths", format!("a sum of {} ids", ids.len()), sum));
        }
        let batch = lengths.len() / features;
        let count = |lengths: &[u32]| lengths.iter().map(|&length| length as usize).sum();
        let given = DeviceIds {
            batch,
            ids: Buffer::lent_from(ctx, ids)?,
            bags: Buffer::lent_from(ctx, lengths)?,
            lengths: true,
            counts: if batch == 0 { vec![0; features] } else { lengths.chunks(batch).map(count).collect() },
            weights: None,
        };
        Self::of_device(ctx, features, given, only)
    }

    fn of_device(ctx: &Context, features: usize, given: DeviceIds, only: Option<Vec<usize>>) -> Result<Self> {
        given.check(ctx, features)?;
        if given.weights.is_some() {
            return Err(Error::invalid("weights", "none, for chunked tables", "some"));
        }
        let count = given.ids.size() / 8;
        // they are no more than the ids
        let counts: Vec<u32> = given.counts.iter().map(|&count| narrow(count)).collect();
        Ok(Self { rows: ctx.lend("embag.rows", count * 4)?, ranges: ranges(&counts), given, only })
    }

    pub(super) fn ids(&self) -> &Buffer {
        &self.given.ids
    }

    /// The batch, when the look-up has been recorded.
    pub(super) fn batch(&self, rec: &mut Recorder, lookup: &Lookup, epoch: u32) -> Result<ChunkedBatch> {
        let inner = JaggedBatch::from_device(rec, lookup.schema(), self.given_rows(), self.only.clone())?;
        Ok(ChunkedBatch { inner, epoch })
    }

    /// The batch that is given, of rows instead of ids.
    fn given_rows(&self) -> DeviceBatch {
        let DeviceIds { batch, ref bags, lengths, ref counts, .. } = self.given;
        DeviceBatch {
            batch,
            ids: self.rows.clone(),
            bags: bags.clone(),
            lengths,
            weights: None,
            counts: Some(counts.clone()),
            examples: None,
        }
    }
}

impl Lookup {
    /// Raw ids from the host.
    pub(super) fn upload(&self, ids: &[u64], lengths: &[u32]) -> Result<RawIds> {
        RawIds::upload(self.context(), self.features.len(), ids, lengths, None)
    }

    /// Raw ids of a batch that was begun for these tables.
    pub(super) fn named(&self, batch: BatchBuilder<ForDirectory>) -> Result<RawIds> {
        batch.fits(self.schema())?;
        let RawBatch { ids, lengths, only } = batch.raw()?;
        RawIds::upload(self.context(), self.features.len(), &ids, &lengths, only)
    }

    /// Raw ids that lie on the device.
    pub(super) fn on_device(&self, ids: DeviceIds) -> Result<RawIds> {
        RawIds::of_device(self.context(), self.features.len(), ids, None)
    }

    /// Looks ids up; waits until it is done.
    pub(super) fn find(&self, ids: RawIds, epoch: u32) -> Result<ChunkedBatch> {
        let mut rec = Recorder::new(self.context());
        let batch = self.record_find(&mut rec, ids, epoch)?;
        rec.run()?;
        Ok(batch)
    }

    /// The ids of the features of some tables, and where they are looked up.
    pub(super) fn ids_of(&self, raw: &RawIds, table: impl Fn(usize) -> bool) -> Vec<Ids<'_>> {
        let all = self.features.iter().zip(&raw.ranges).filter(|(feature, _)| table(feature.table));
        let ids = |(feature, range): (&Feature, &Range<u32>)| Ids {
            directory: &self.tables[feature.table].directory,
            range: range.clone(),
        };
        all.map(ids).collect()
    }

    /// Records the look-up of ids: those that have no row stand for zeros.
    pub(super) fn record_find(&self, rec: &mut Recorder, raw: RawIds, epoch: u32) -> Result<ChunkedBatch> {
        self.store.same_context(rec)?;
        rec.whole(|rec| {
            let inner = JaggedBatch::of_rows(rec, self.schema(), raw.given_rows(), raw.only.clone())?;
            rec.scope(|rec| {
                // ids without a row are counted where those are that are skipped
                let (strangers, table) = (&inner.inner.status, SKIPPED);
                let found = Found { rows: &raw.rows, unknown: None, strangers, table };
                record_find(rec, raw.ids(), self.ids_of(&raw, |_| true), &found)
            })?;
            Ok(ChunkedBatch { inner, epoch })
        })
    }
}
