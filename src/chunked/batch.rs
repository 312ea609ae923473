//! Batches of raw ids, and the slots of their chunks.

use super::ChunkedTables;
use super::tables::Table;
use crate::bag::{DeviceBatch, JaggedBatch};
use crate::device::{Buffer, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::{chunk_open, chunk_opened, chunk_reset, chunk_slots};
use crate::table::Window;
use crate::{Error, Result};

/// A batch whose ids were looked up; made by [`ChunkedTables::admit`] and [`ChunkedTables::find`]. It holds until the
/// next adjustment.
#[derive(Debug)]
pub struct ChunkedBatch {
    pub(super) inner: JaggedBatch,
    pub(super) batch: u32,
    pub(super) features: Vec<Ids>,
    pub(super) adjustments: u32,
}

/// The ids of a feature.
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) len: u32,
    /// For each id its row in the table, or none.
    pub(super) rows: Buffer,
    /// Of the bags.
    pub(super) offsets: Buffer,
}

impl ChunkedBatch {
    /// Number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch as usize
    }

    /// Whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch == 0
    }
}

impl ChunkedTables {
    /// A batch in the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` raw ids for each feature and example, one
    /// after the other in `ids`. Ids that are new get a row, if the directory has one left, and the row's chunks get slots,
    /// as long as there are free ones. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the numbers disagree, [`Error::LimitExceeded`] or [`Error::Device`] if the memory
    /// cannot be had.
    pub fn admit(&mut self, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        let mut rec = Recorder::new(self.context());
        let batch = self.record_admit(&mut rec, ids, lengths)?;
        rec.run()?;
        Ok(batch)
    }

    /// Records [`ChunkedTables::admit`].
    ///
    /// # Errors
    /// As [`ChunkedTables::admit`].
    pub fn record_admit(&mut self, rec: &mut Recorder, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        let features = self.upload(rec, ids, lengths)?;
        rec.whole(|rec| {
            for (f, (raw, own)) in features.iter().enumerate() {
                let table = self.features[f].table;
                self.tables[table].directory.record_admit(rec, raw, &own.rows)?;
                rec.scope(|rec| self.open(rec, table, own.len))?;
            }
            self.chunk_batch(rec, features.into_iter().map(|(_, own)| own).collect(), lengths)
        })
    }

    /// [`ChunkedTables::admit`] without new rows: ids that have none stand for zeros.
    ///
    /// # Errors
    /// As [`ChunkedTables::admit`].
    pub fn find(&self, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        let mut rec = Recorder::new(self.context());
        let batch = self.record_find(&mut rec, ids, lengths)?;
        rec.run()?;
        Ok(batch)
    }

    /// Records [`ChunkedTables::find`].
    ///
    /// # Errors
    /// As [`ChunkedTables::admit`].
    pub fn record_find(&self, rec: &mut Recorder, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        let features = self.upload(rec, ids, lengths)?;
        rec.whole(|rec| {
            for ((raw, own), feature) in features.iter().zip(&self.features) {
                self.tables[feature.table].directory.record_find(rec, raw, &own.rows)?;
            }
            self.chunk_batch(rec, features.into_iter().map(|(_, own)| own).collect(), lengths)
        })
    }

    /// The raw ids of each feature on the device, with room for their rows.
    fn upload(&self, rec: &mut Recorder, ids: &[u64], lengths: &[u32]) -> Result<Vec<(Buffer, Ids)>> {
        self.store.same_context(rec, "recorder")?;
        let count = self.features.len();
        if !lengths.len().is_multiple_of(count) {
            let expected = format!("a multiple of the {count} features");
            return Err(Error::invalid("lengths", expected, lengths.len()));
        }
        let sum: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        if sum != ids.len() as u64 {
            return Err(Error::invalid("lengths", format!("a sum of {} ids", ids.len()), sum));
        }
        // chunks of all ids must be numbered too
        if u32::try_from(sum.saturating_mul(self.output_cols() as u64)).is_err() {
            return Err(Error::invalid("ids", "fewer than 2^32 columns in all", ids.len()));
        }
        let batch = lengths.len() / count;
        let ctx = rec.context().clone();
        let mut rest = ids;
        let mut features = Vec::with_capacity(count);
        for f in 0..count {
            let mut end = 0;
            let mut offsets = vec![0u32];
            for &length in &lengths[f * batch..(f + 1) * batch] {
                end += length;
                offsets.push(end);
            }
            let (own, later) = rest.split_at(end as usize);
            rest = later;
            features.push((
                Buffer::from_slice(&ctx, own)?,
                Ids {
                    len: end,
                    rows: ctx.allocate("embag.rows", u64::from(end) * 4)?,
                    offsets: Buffer::from_slice(&ctx, &offsets)?,
                },
            ));
        }
        Ok(features)
    }

    /// Gives the chunks of new rows slots and first values.
    fn open(&self, rec: &mut Recorder, table: usize, len: u32) -> Result<()> {
        let Table { chunks, first_chunk, ref directory, .. } = self.tables[table];
        // of no more rows than the table has
        let len = len.min(directory.capacity());
        if len == 0 {
            return Ok(());
        }
        // there are fewer tables than features, of which each has its columns
        let table = u32::try_from(table).unwrap_or(u32::MAX);
        let fresh = rec.scratch("embag.fresh", u64::from(len * chunks) * 16)?;
        let fresh_count = rec.scratch("embag.fresh_count", 4)?;
        let params = chunk_open::Params { len, chunks, first_chunk, table };
        let (known, row_ids) = directory.buffers();
        let bindings = vec![
            known.clone(),
            row_ids.clone(),
            self.counts.clone(),
            self.free.clone(),
            self.slots.clone(),
            fresh.clone(),
        ];
        rec.dispatch(Dispatch::threads(&chunk_open::KERNEL, 0, &params, bindings, len * chunks));
        let params = chunk_opened::Params { chunks, table };
        let bindings = vec![known.clone(), self.counts.clone(), fresh_count.clone()];
        rec.dispatch(Dispatch::new(&chunk_opened::KERNEL, 0, &params, bindings, 1));
        self.reset(rec, &fresh, &fresh_count, len * chunks);
        Ok(())
    }

    /// First values of fresh chunks, of which there are `len` at most.
    pub(super) fn reset(&self, rec: &mut Recorder, fresh: &Buffer, fresh_count: &Buffer, len: u32) {
        let store = self.store.store();
        for (w, Window { parts, .. }) in store.plan().windows.iter().enumerate() {
            for part in parts {
                let params = chunk_reset::Params {
                    len,
                    first_slot: part.first_row,
                    slots: part.rows,
                    base: part.base,
                    width: self.width,
                    state_base: part.state_base,
                    state_width: part.state_stride,
                    seed: self.seed,
                    scale: self.scale,
                };
                let (weights, state) = (store.weights(w).clone(), store.state(w).clone());
                let bindings = vec![fresh.clone(), fresh_count.clone(), weights, state];
                rec.dispatch(Dispatch::threads(&chunk_reset::KERNEL, 0, &params, bindings, len));
            }
        }
    }

    /// The batch of the store, whose ids are slots.
    fn chunk_batch(&self, rec: &mut Recorder, features: Vec<Ids>, lengths: &[u32]) -> Result<ChunkedBatch> {
        let ctx = rec.context().clone();
        let batch = lengths.len() / self.features.len();
        let total: u32 =
            self.features.iter().zip(&features).map(|(spec, own)| own.len * self.chunks(spec.table)).sum();
        let ids = ctx.allocate("embag.slots_of_ids", u64::from(total) * 4)?;
        let weighted = self.features.iter().any(|feature| feature.mean);
        let (mut out_first, mut counts) = (0, Vec::new());
        let (mut offsets, mut end) = (vec![0u32], 0);
        let mut weights = Vec::new();
        for (f, (spec, own)) in self.features.iter().zip(&features).enumerate() {
            let Table { chunks, first_chunk, .. } = self.tables[spec.table];
            let params = chunk_slots::Params { len: own.len, chunks, first_chunk, out_first };
            if own.len > 0 {
                let bindings = vec![own.rows.clone(), self.slots.clone(), ids.clone()];
                rec.dispatch(Dispatch::threads(&chunk_slots::KERNEL, 0, &params, bindings, own.len));
            }
            out_first += own.len * chunks;
            let lengths = &lengths[f * batch..(f + 1) * batch];
            for _ in 0..chunks {
                counts.push(own.len as usize);
                for &length in lengths {
                    end += length;
                    offsets.push(end);
                    if weighted {
                        let weight = if spec.mean { 1.0 / length.max(1) as f32 } else { 1.0 };
                        weights.extend(std::iter::repeat_n(weight, length as usize));
                    }
                }
            }
        }
        let given = DeviceBatch {
            batch,
            ids,
            bags: Buffer::from_slice(&ctx, &offsets)?,
            lengths: false,
            weights: if weighted { Some(Buffer::from_slice(&ctx, &weights)?) } else { None },
            counts: Some(counts),
            examples: None,
        };
        let inner = self.store.batch_from_device(rec, given)?;
        // as many as the store's batch counts in a `u32`
        let batch = u32::try_from(batch).unwrap_or(u32::MAX);
        Ok(ChunkedBatch { inner, batch, features, adjustments: self.adjustments })
    }

    fn chunks(&self, table: usize) -> u32 {
        self.tables[table].chunks
    }
}
