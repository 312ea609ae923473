//! Makes batches, apart from the bags that they are for.

use std::marker::PhantomData;
use std::sync::Arc;

use super::flat::Flat;
use super::host_batch::{BatchBuilder, ForBags, Id};
use super::offset::Offset;
use super::{DeviceBatch, JaggedBatch, Schema};
use crate::Result;
use crate::device::{Context, Recorder};

/// Makes batches for bags, and is no part of them: threads that load data make the next batches with it
/// while the bags train. Clones are for the same bags.
///
/// ```
/// use std::sync::mpsc;
///
/// use embag::optim::Sgd;
/// use embag::{Context, EmbeddingBags, Pooling, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(500).dim(16))
///     .feature("liked", "movie", Pooling::Mean)
///     .optimizer(Sgd::default())
///     .build()?;
/// let (loaded, batches) = mpsc::sync_channel(4); // at most four wait
/// let maker = bags.batches();
/// std::thread::spawn(move || {
///     for step in 0..10u32 {
///         let batch = maker.batch().bags("liked", &[step, 7, step + 1], &[2, 1]).build();
///         if loaded.send(batch).is_err() {
///             break; // nobody trains any more
///         }
///     }
/// });
/// for batch in batches {
///     let batch = batch?;
///     let pooled = bags.forward(&batch)?;
///     bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
/// }
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Batches<For = ForBags> {
    ctx: Context,
    schema: Arc<Schema>,
    made_for: PhantomData<For>,
}

impl<For> Batches<For> {
    pub(crate) fn new(ctx: &Context, schema: &Arc<Schema>) -> Self {
        Self { ctx: ctx.clone(), schema: schema.clone(), made_for: PhantomData }
    }

    /// Begins a batch from host data, feature by feature.
    #[must_use]
    pub fn batch(&self) -> BatchBuilder<For> {
        BatchBuilder::new(&self.ctx, &self.schema)
    }
}

impl Batches {
    /// As [`EmbeddingBags::batch_from_lengths`](super::EmbeddingBags::batch_from_lengths).
    ///
    /// # Errors
    /// As [`BatchBuilder::build`].
    pub fn batch_from_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        Flat::from_lengths(&self.schema, values, lengths, weights)?.upload(&self.ctx, &self.schema)
    }

    /// As [`EmbeddingBags::batch_from_variable_lengths`](super::EmbeddingBags::batch_from_variable_lengths).
    ///
    /// # Errors
    /// As [`BatchBuilder::build`], and if the sum of `examples` is not the number of lengths.
    pub fn batch_from_variable_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        examples: &[usize],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        let flat = Flat::from_variable(&self.schema, values, lengths, examples, weights)?;
        flat.upload(&self.ctx, &self.schema)
    }

    /// As [`EmbeddingBags::batch_from_offsets`](super::EmbeddingBags::batch_from_offsets).
    ///
    /// # Errors
    /// As [`BatchBuilder::build`], and [`Error::Offsets`](crate::Error::Offsets).
    pub fn batch_from_offsets<I: Id, O: Offset>(
        &self,
        values: &[I],
        offsets: &[O],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        Flat::from_offsets(&self.schema, values, offsets, weights)?.upload(&self.ctx, &self.schema)
    }

    /// As [`EmbeddingBags::batch_from_device`](super::EmbeddingBags::batch_from_device).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if sizes disagree,
    /// [`Error::WrongContext`](crate::Error::WrongContext) for a recorder of another context.
    pub fn batch_from_device(&self, rec: &mut Recorder, batch: DeviceBatch) -> Result<JaggedBatch> {
        if *rec.context() != self.ctx {
            return Err(crate::Error::WrongContext { argument: "recorder" });
        }
        JaggedBatch::from_device(rec, &self.schema, batch)
    }
}
