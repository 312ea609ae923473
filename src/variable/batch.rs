//! Which rows are meant.

use std::ops::Range;
use std::sync::Arc;

use super::VariableRows;
use super::keys::key_of;
use super::layout::Layout;
use crate::bag::{BatchBuilder, DeviceBatch, Flat, ForVariable, Id, JaggedBatch};
use crate::device::{Buffer, Recorder};
use crate::{Error, Result};

/// Rows by their numbers, in bags, on the device; made by [`VariableRows::find`] and the like.
#[derive(Debug, Clone)]
pub struct VariableBatch {
    pub(super) layout: Arc<Layout>,
    /// Whose ids are keys.
    pub(super) inner: JaggedBatch,
    /// Where the values of each id's row are, one row after the other, if the ids came from the host.
    pub(super) jagged: Option<Jagged>,
}

/// Values one row after the other.
#[derive(Debug, Clone)]
pub(super) struct Jagged {
    /// Where each id's row begins, and where the last ends.
    pub(super) offsets: Buffer,
    pub(super) values: u32,
}

impl VariableBatch {
    /// Number of ids.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.ids()
    }

    /// Whether there are no ids.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.ids() == 0
    }

    /// Number of examples; the most that a feature has, if they differ.
    #[must_use]
    pub fn examples(&self) -> usize {
        self.inner.len()
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

    /// As [`JaggedBatch::is_checked`].
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.inner.is_checked()
    }

    /// Number of ids that [`Bounds::Skip`](crate::Bounds::Skip) left out. Reads from the device, and so waits
    /// for it, if the batch was made there.
    ///
    /// # Errors
    /// The errors of the batch itself, if it is bad.
    pub fn skipped(&self) -> Result<u64> {
        self.inner.skipped()
    }

    /// The same bags with other per-sample weights, as [`JaggedBatch::with_weights`].
    ///
    /// # Errors
    /// As [`JaggedBatch::with_weights`].
    pub fn with_weights(&self, weights: Buffer) -> Result<Self> {
        Ok(Self { inner: self.inner.with_weights(weights)?, ..self.clone() })
    }

    /// Number of values of all rows, one after the other; 0 for a batch whose ids came from the device.
    #[must_use]
    pub fn values(&self) -> usize {
        self.jagged.as_ref().map_or(0, |jagged| jagged.values as usize)
    }

    /// `len + 1` offsets (`u32`): the values of id `i` are `offsets[i] .. offsets[i + 1]`, if the ids came from
    /// the host.
    #[must_use]
    pub fn offsets(&self) -> Option<&Buffer> {
        self.jagged.as_ref().map(|jagged| &jagged.offsets)
    }

    /// For each id the key of its row.
    pub(super) fn keys(&self) -> &Buffer {
        &self.inner.inner.ids_buffer
    }

    pub(super) fn jagged(&self) -> Result<&Jagged> {
        let unknown = || Error::invalid("batch", "one of ids from the host", "one of ids from the device");
        self.jagged.as_ref().ok_or_else(unknown)
    }
}

impl VariableRows {
    /// Begins a batch from host data, feature by feature, for [`VariableRows::find`].
    #[must_use]
    pub fn batch(&self) -> BatchBuilder<ForVariable> {
        BatchBuilder::new(self.context(), &self.given)
    }

    /// Makes a batch of rows by their numbers, as they are given to [`VariableRows::batch`].
    ///
    /// # Errors
    /// As [`BatchBuilder::build`], and [`Error::InvalidArgument`] if there are 2^32 values or more in all rows.
    pub fn find(&self, batch: BatchBuilder<ForVariable>) -> Result<VariableBatch> {
        batch.fits(&self.given)?;
        self.of_flat(batch.collect()?)
    }

    /// [`VariableRows::find`] for a batch in the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` ids
    /// for each feature and example, one after the other in `ids`, and a weight for each, if any.
    ///
    /// # Errors
    /// As [`VariableRows::find`].
    pub fn find_from_lengths<I: Id>(
        &self,
        ids: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<VariableBatch> {
        self.of_flat(Flat::from_lengths(&self.given, ids, lengths, weights)?)
    }

    /// [`VariableRows::find`] for rows that are moved as they are ([`VariableRows::gather`],
    /// [`VariableRows::scatter_add`] and the like), of the only feature: a bag for each id.
    ///
    /// # Errors
    /// As [`VariableRows::find`], and if there are more features.
    pub fn select<I: Id>(&self, ids: &[I]) -> Result<VariableBatch> {
        self.bags(ids, &vec![1; ids.len()])
    }

    /// [`VariableRows::find`] of the only feature: the first `lengths[0]` ids are the first bag, and so on.
    ///
    /// # Errors
    /// As [`VariableRows::find`], and if there are more features.
    pub fn bags<I: Id>(&self, ids: &[I], lengths: &[u32]) -> Result<VariableBatch> {
        let features = self.given.features.len();
        if features != 1 {
            return Err(Error::invalid("features", "one, for ids without a name", features));
        }
        self.find_from_lengths(ids, lengths, None)
    }

    /// Records a batch of ids that already lie in device memory. It can be looked up, and its rows updated by
    /// the gradient of that; for rows that are moved as they are, ids come from the host.
    ///
    /// # Errors
    /// As [`EmbeddingBags::batch_from_device`](crate::EmbeddingBags::batch_from_device).
    pub fn record_find_from_device(&self, rec: &mut Recorder, batch: DeviceBatch) -> Result<VariableBatch> {
        self.same_context(rec)?;
        if batch.room {
            return Err(Error::invalid("room", "none: as many ids as the buffer holds", "some"));
        }
        rec.whole(|rec| {
            let batch = JaggedBatch::from_device(rec, &self.given, batch)?;
            let keys = self.keys.record(rec, &batch)?;
            Ok(VariableBatch {
                layout: self.layout.clone(),
                inner: batch.keyed(keys, &self.schema),
                jagged: None,
            })
        })
    }

    /// Puts keys in place of ids.
    fn of_flat(&self, mut flat: Flat) -> Result<VariableBatch> {
        let too_many = || Error::invalid("ids", "fewer than 2^32 values in all their rows", "more");
        flat.check_ids(self.given.bounds)?;
        let first_key = &self.store.tables().plan().first_key;
        let mut offsets = Vec::with_capacity(flat.ids.len() + 1);
        let (mut end, mut at) = (0u32, 0);
        for (spec, &count) in self.given.features.iter().zip(&flat.counts) {
            for id in &mut flat.ids[at..at + count as usize] {
                let (key, dim) =
                    key_of(&self.layout, first_key, if *id == spec.padding { u32::MAX } else { *id });
                *id = key;
                offsets.push(end);
                end = end.checked_add(dim).ok_or_else(too_many)?;
            }
            at += count as usize;
        }
        offsets.push(end);
        let ctx = self.context();
        let inner = flat.upload(ctx, &self.given)?;
        let inner = inner.keyed(inner.inner.ids_buffer.clone(), &self.schema);
        let jagged = Some(Jagged { offsets: Buffer::from_slice(ctx, &offsets)?, values: end });
        Ok(VariableBatch { layout: self.layout.clone(), inner, jagged })
    }

    /// Refuses a batch of other rows.
    pub(super) fn check_batch(&self, batch: &VariableBatch) -> Result<()> {
        if !Arc::ptr_eq(&self.layout, &batch.layout) {
            return Err(Error::invalid("batch", "one of these rows", "one of others"));
        }
        Ok(())
    }
}
