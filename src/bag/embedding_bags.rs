//! The bags: tables, features and a fused optimizer.

use std::sync::Arc;

use super::{BatchBuilder, DeviceBatch, EmbeddingBagsBuilder, Id, JaggedBatch, Schema};
use crate::device::Precision;
use crate::device::{Buffer, Context, Counter, Recorder};
use crate::optimizer::{Optimizer, Schedule, UpdateRules};
use crate::table::{Kind, TableStore};
use crate::{Error, Result};

/// Embedding tables with the features that look ids up in them, and the optimizer that updates touched rows.
///
/// ```
/// use embag::{Context, EmbeddingBags, Pooling, RowwiseAdagrad, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("user", Table::rows(1_000).dim(8))
///     .table("movie", Table::rows(5_000).dim(8))
///     .feature("user", "user", Pooling::Sum)
///     .feature("liked", "movie", Pooling::Mean)
///     .optimizer(RowwiseAdagrad { lr: 0.05, ..Default::default() })
///     .build()?;
/// let batch = bags.batch().feature("user", &[3u32, 9]).bags("liked", &[10u32, 11, 12], &[3, 0]).build()?;
/// let pooled = bags.forward(&batch)?; // [2, 16], on the device
/// assert_eq!((pooled.rows(), pooled.cols()), (2, 16));
/// bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct EmbeddingBags {
    pub(super) store: TableStore,
    pub(super) schema: Arc<Schema>,
    pub(super) optimizer: Option<Optimizer>,
    pub(super) rules: UpdateRules,
    pub(super) schedule: Schedule,
    pub(super) seed: u64,
    pub(super) steps: Counter<u32>,
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
        BatchBuilder::new(self.context(), &self.schema)
    }

    /// A batch from host data in the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` ids for each feature
    /// and example, one after the other in `values`; `weights`, if any, one for each id.
    ///
    /// # Errors
    /// As [`BatchBuilder::build`].
    pub fn batch_from_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        JaggedBatch::from_host(self.context(), &self.schema, values, lengths, weights)
    }

    /// [`EmbeddingBags::batch_from_lengths`] with a number of examples for each feature: a variable batch, whose outputs
    /// are a matrix a feature.
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
        JaggedBatch::from_variable(self.context(), &self.schema, values, lengths, examples, weights)
    }

    /// [`EmbeddingBags::batch_from_lengths`] with offsets: one more than bags, from 0 to the number of ids.
    ///
    /// # Errors
    /// As [`BatchBuilder::build`], and [`Error::Offsets`].
    pub fn batch_from_offsets<I: Id>(
        &self,
        values: &[I],
        offsets: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        JaggedBatch::from_host_offsets(self.context(), &self.schema, values, offsets, weights)
    }

    /// A batch from device memory, without a copy. The checks are recorded: if the batch is bad, operations on it
    /// do nothing, and waiting for any submission with one of them gives the error.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if sizes disagree.
    pub fn batch_from_device(&self, rec: &mut Recorder, batch: DeviceBatch) -> Result<JaggedBatch> {
        self.same_context(rec, "recorder")?;
        JaggedBatch::from_device(rec, &self.schema, batch)
    }

    /// The tables' memory.
    pub(crate) fn store(&self) -> &TableStore {
        &self.store
    }

    /// What batches are checked against.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Goes on where other bags of the same description are: takes their learning rate, and counts steps with them.
    pub(crate) fn go_on_from(&mut self, other: &Self) {
        (self.optimizer, self.steps) = (other.optimizer, other.steps.clone());
    }

    /// Goes on from a step.
    pub(crate) fn set_steps(&mut self, steps: u32) {
        self.steps.change(self.context(), |_| steps);
    }

    pub(crate) fn same_context(&self, rec: &Recorder, argument: &'static str) -> Result<()> {
        if rec.context().same(self.context()) { Ok(()) } else { Err(Error::WrongContext { argument }) }
    }

    /// The names of the tables, in the order they were added.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        self.store.names()
    }

    /// Rows and columns of a table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn table_shape(&self, table: &str) -> Result<(usize, usize)> {
        let shape = self.store.shape(self.store.find(table)?);
        Ok((shape.rows as usize, shape.dim as usize))
    }

    /// The type of a table's values.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn precision(&self, table: &str) -> Result<Precision> {
        Ok(self.precision_of(self.store.find(table)?))
    }

    pub(super) fn precision_of(&self, table: usize) -> Precision {
        // bags that train hold no codes
        self.store.shape(table).format.precision().unwrap_or_default()
    }

    /// Bytes of all tables' weights.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.store.bytes()
    }

    /// Bytes of all optimizer state.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        self.store.state_bytes()
    }

    /// Columns of the matrix that [`EmbeddingBags::forward`] makes: the sum of the features' dims.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.schema.columns()
    }

    /// The optimizer.
    #[must_use]
    pub fn optimizer(&self) -> Option<&Optimizer> {
        self.optimizer.as_ref()
    }

    /// Changes the learning rate of the backwards that are recorded from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no optimizer, or the rate is not finite.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        let Some(optimizer) = self.optimizer else {
            return Err(Error::invalid("optimizer", "one", "none"));
        };
        let changed = optimizer.with_lr(lr);
        changed.validate()?;
        self.optimizer = Some(changed);
        Ok(())
    }

    /// The number of the last step: backwards and updates submitted so far. What is recorded counts when it is submitted,
    /// and never if it is not; an empty batch counts, and so does a device batch that turns out to be bad (its rows and
    /// their state stay as they are).
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps.get()
    }

    /// The learning rate of the next backward: the optimizer's times the schedule's factor.
    #[must_use]
    pub fn next_lr(&self) -> Option<f32> {
        let step = self.steps().saturating_add(1);
        self.optimizer.map(|optimizer| optimizer.lr() * self.schedule.factor(step))
    }

    /// The device memory of a table's rows, in order: one range for each of its windows, without gaps between rows
    /// (but see [`Table::precision`](crate::Table::precision)).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn table_buffers(&self, table: &str) -> Result<Vec<Buffer>> {
        let table = self.store.find(table)?;
        Ok(self.store.pieces(table, Kind::Weights, 0, self.store.shape(table).rows))
    }

    /// Reads all rows of a table, row after row; blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn download(&self, table: &str) -> Result<Vec<f32>> {
        self.store.read_all(self.store.find(table)?)
    }

    /// Writes all rows of a table; values of 16 bits are rounded to the nearest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, the number of values is not rows times dim, or a value is finite
    /// and its table of 16 bits would make it infinite; nothing is written then.
    pub fn upload(&mut self, table: &str, values: &[f32]) -> Result<()> {
        let index = self.store.find(table)?;
        let shape = self.store.shape(index);
        let (rows, dim) = (shape.rows as usize, shape.dim as usize);
        if values.len() != rows * dim {
            return Err(Error::invalid(
                format!("values of table \"{table}\""),
                format!("{rows} rows x {dim} = {} values", rows * dim),
                values.len(),
            ));
        }
        self.store.write_all(index, values)
    }

    /// Reads one row; blocks.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`], or [`Error::InvalidArgument`] if there is no such table.
    pub fn read_row(&self, table: &str, row: u64) -> Result<Vec<f32>> {
        let (index, row) = self.row(table, row)?;
        self.store.read(index, row, 1)
    }

    /// Writes one row, after everything submitted so far.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`], or [`Error::InvalidArgument`] if there is no such table, the length is not the dim, or a
    /// value is finite and its table of 16 bits would make it infinite.
    pub fn write_row(&mut self, table: &str, row: u64, values: &[f32]) -> Result<()> {
        let (index, row) = self.row(table, row)?;
        let dim = self.store.shape(index).dim as usize;
        if values.len() != dim {
            return Err(Error::invalid(
                format!("row of table \"{table}\""),
                format!("{dim} values"),
                values.len(),
            ));
        }
        self.store.write(index, row, values)
    }

    fn row(&self, table: &str, row: u64) -> Result<(usize, u32)> {
        let index = self.store.find(table)?;
        let rows = self.store.shape(index).rows;
        match u32::try_from(row).ok().filter(|&row| row < rows) {
            Some(row) => Ok((index, row)),
            None => Err(Error::RowOutOfRange { table: table.to_owned(), row, rows: rows.into() }),
        }
    }
}
