//! The bags: tables, features and a fused optimizer.

use std::sync::Arc;

use super::{BatchBuilder, Batches, DeviceBatch, EmbeddingBagsBuilder, Id, JaggedBatch, Offset, Schema};
use crate::Result;
use crate::delta::{Delta, collect};
use crate::device::{Context, Precision, Recorder};
use crate::directory::Directories;
use crate::optim::Optimizer;
use crate::update::RowStore;

/// Embedding tables with the features that look ids up in them, and the optimizer that updates touched rows.
///
/// ```
/// use embag::optim::RowwiseAdagrad;
/// use embag::{Context, EmbeddingBags, Pooling, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("user", Table::rows(1_000).dim(8))
///     .table("movie", Table::rows(5_000).dim(8))
///     .feature("user", "user", Pooling::Sum)
///     .feature("liked", "movie", Pooling::Mean)
///     .optimizer(RowwiseAdagrad::new(0.05))
///     .build()?;
/// let batch = bags.batch().feature("user", &[3u32, 9]).bags("liked", &[10u32, 11, 12], &[3, 0]).build()?;
/// let pooled = bags.forward(&batch)?; // [2, 16], on the device
/// assert_eq!((pooled.rows(), pooled.cols()), (2, 16));
/// bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct EmbeddingBags {
    pub(super) store: RowStore,
    pub(super) schema: Arc<Schema>,
    /// Of what `forward` makes.
    pub(super) output_precision: Precision,
    /// Of the tables of raw ids.
    pub(super) directories: Directories,
    /// Whose changes are noted, if they are.
    pub(super) model: Option<String>,
}

impl EmbeddingBags {
    /// Begins the description of tables and features.
    #[must_use]
    pub fn builder(ctx: &Context) -> EmbeddingBagsBuilder {
        EmbeddingBagsBuilder::new(ctx)
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.store.context()
    }

    /// Begins a batch from host data, feature by feature.
    #[must_use]
    pub fn batch(&self) -> BatchBuilder {
        self.batches().batch()
    }

    /// What makes batches for these bags, for other threads.
    #[must_use]
    pub fn batches(&self) -> Batches {
        Batches::new(self.context(), &self.schema)
    }

    /// A batch from host data in the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` ids for each
    /// feature and example, one after the other in `values`; `weights`, if any, one for each id.
    ///
    /// # Errors
    /// As [`BatchBuilder::build`].
    pub fn batch_from_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        self.batches().batch_from_lengths(values, lengths, weights)
    }

    /// [`EmbeddingBags::batch_from_lengths`] with a number of examples for each feature: a variable batch,
    /// whose outputs are a matrix a feature.
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
        self.batches().batch_from_variable_lengths(values, lengths, examples, weights)
    }

    /// [`EmbeddingBags::batch_from_lengths`] with offsets, one more than bags, which may begin and end
    /// anywhere in `values`, as those of [`BatchBuilder::offsets`] may.
    ///
    /// # Errors
    /// As [`BatchBuilder::build`], and [`Error::Offsets`](crate::Error::Offsets).
    pub fn batch_from_offsets<I: Id, O: Offset>(
        &self,
        values: &[I],
        offsets: &[O],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        self.batches().batch_from_offsets(values, offsets, weights)
    }

    /// A batch from device memory, without a copy. The checks are recorded: if the batch is bad, operations
    /// on it do nothing, and waiting for any submission with one of them gives the error.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if sizes disagree.
    pub fn batch_from_device(&self, rec: &mut Recorder, batch: DeviceBatch) -> Result<JaggedBatch> {
        self.batches().batch_from_device(rec, batch)
    }

    /// The rows that changed after a step ([`EmbeddingBags::steps`]), with what they have become, for tables
    /// that [serve](crate::delta) them. Rows that were written from the host count as changed by the next
    /// step; after [`EmbeddingBags::import`] that is all of them. (What callers write into the tables'
    /// buffers themselves is not noted, and what is [encoded](Recorder::encode) must have been submitted.)
    /// Reads from the device, and so waits for it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if changes are not
    /// [noted](EmbeddingBagsBuilder::track_changes), or the step is yet to come,
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn changed_since(&self, step: u32) -> Result<Delta> {
        let until = self.store.submitted_steps();
        collect(&self.store, &self.directories, self.model.as_deref(), step..until)
    }

    /// Whose changes are noted, if they are.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The tables and what updates them.
    pub(crate) fn store(&self) -> &RowStore {
        &self.store
    }

    /// The directories of tables of raw ids.
    pub(crate) fn directories(&self) -> &Directories {
        &self.directories
    }

    pub(crate) fn directories_mut(&mut self) -> &mut Directories {
        &mut self.directories
    }

    pub(crate) fn store_mut(&mut self) -> &mut RowStore {
        &mut self.store
    }

    /// What batches are checked against.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Columns of the matrix that [`EmbeddingBags::forward`] makes: the sum of the features' dims.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.schema.columns(self.schema.all())
    }

    /// The type of the outputs that [`EmbeddingBags::forward`] makes.
    #[must_use]
    pub fn output_precision(&self) -> Precision {
        self.output_precision
    }

    /// The optimizer of tables without [one of their own](crate::Table::optimizer).
    #[must_use]
    pub fn optimizer(&self) -> Option<&Optimizer> {
        self.store.optimizer()
    }

    /// The optimizer of a table, if it is not frozen.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn table_optimizer(&self, table: &str) -> Result<Option<&Optimizer>> {
        self.store.table_optimizer(table)
    }

    /// Changes the learning rate of the backwards that are submitted from now on, whenever they were recorded;
    /// that of tables with an optimizer, rules or a schedule of their own stays.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no optimizer, or the rate is not
    /// finite.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.store.set_lr(lr)
    }

    /// [`EmbeddingBags::set_lr`] of a table that has an optimizer, rules or a schedule of its own.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table, it has nothing of
    /// its own or is frozen, or the rate is not finite.
    pub fn set_table_lr(&mut self, table: &str, lr: f32) -> Result<()> {
        self.store.set_table_lr(table, lr)
    }

    /// The number of the last step: backwards and updates submitted so far. What is recorded counts when it
    /// is submitted, and never if it is not; an empty batch counts, and so does a device batch that turns out
    /// to be bad (its rows and their state stay as they are).
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.store.steps()
    }

    /// The learning rate of the next backward, of tables without an optimizer of their own: the optimizer's
    /// times the schedule's factor.
    #[must_use]
    pub fn next_lr(&self) -> Option<f32> {
        self.store.next_lr()
    }
}
