//! Chunked tables and lookups in them.

use super::batch::RawIds;
use super::export::WholeTable;
use super::lookup::{Lookup, lookup_methods};
use super::room::{TableStats, WhenFull};
use super::{ChunkedBatch, ChunkedTablesBuilder, Shares, Utility};
use crate::bag::{BatchBuilder, ForDirectory, Outputs};
use crate::device::{Buffer, Context, Ground, Matrix, Recorder};
use crate::directory::{DeviceIds, IdDirectory};
use crate::numbers::narrow;
use crate::optim::Optimizer;
use crate::{Error, Result};

/// Embedding tables on raw ids, whose rows have as many chunks of columns as they are worth (FIITED, Luo et
/// al. 2024). See [the module](crate::chunked).
///
/// # Within a budget of bytes
///
/// ```
/// use embag::chunked::ChunkedTables;
/// use embag::optim::RowwiseAdagrad;
/// use embag::{Context, Matrix, Pooling};
///
/// let ctx = Context::cpu();
/// let mut tables = ChunkedTables::builder(&ctx)
///     .table("movie", 10_000, 64) // distinct ids at a time, columns
///     .feature("liked", "movie", Pooling::Mean)
///     .chunk_width(16)
///     .budget(1_200_000) // bytes, with all that chunks are found with: dense vectors take 2,560,000
///     .optimizer(RowwiseAdagrad::new(0.05))
///     .build()?;
/// for step in 1..=200u64 {
///     let ids = [9_007_199_254_740_993, 7 * step, 42]; // 64 bits, whatever the data have
///     let batch = tables.admit(tables.batch().bags("liked", &ids, &[2, 1]))?; // new ids get rows, and slots while some are free
///     let pooled = tables.forward(&batch)?; // [2, 64]: zeros where chunks are absent
///     # let _ = pooled;
///     let grad = Matrix::from_slice(&ctx, &[0.01; 2 * 64], 2, 64)?; // yours: the gradient of the loss
///     tables.backward(&batch, &grad)?;
///     if step % 100 == 0 {
///         let adjusted = tables.adjust(0.0, 1.0)?; // slots to the chunks that earn most
///         println!("{} chunks left, {} came", adjusted.evicted, adjusted.admitted);
///     }
/// }
/// let served = tables.pruned()?; // for serving: what is left, read-only
/// assert!(served.bytes().instead_of_dense() < 1_200_000);
/// # Ok::<(), embag::Error>(())
/// ```
///
/// How often to adjust, and what else there is to choose, is in `docs/chunked.md` of the package.
#[derive(Debug)]
pub struct ChunkedTables {
    pub(super) lookup: Lookup,
    /// Of each table.
    pub(super) worth: Vec<Worth>,
    /// The stack of free slots, and how many there are.
    pub(super) free: Buffer,
    pub(super) free_count: Buffer,
    pub(super) settings: Settings,
    pub(super) budget: Option<u64>,
    /// The name of the model, if its changes are tracked.
    pub(super) model: Option<String>,
    /// How often rows or chunks moved so far: batches of before are stale.
    pub(super) epoch: u32,
    /// Where rows and chunks lie: recorded work of before they moved, or a table grew, is stale.
    pub(super) ground: Ground,
}

/// What a table's rows and chunks are kept for.
#[derive(Debug)]
pub(super) struct Worth {
    /// Of each chunk of each row.
    pub(super) utility: Buffer,
    /// For each row the step that it was last changed in, and what else it is kept for.
    pub(super) touch: Buffer,
    pub(super) stats: TableStats,
    /// Rows left after this step, or may have, if ever.
    pub(super) left_after: Option<u32>,
}

/// What was said about all tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) scale: f32,
    pub(super) seed: u32,
    pub(super) utility: Utility,
    pub(super) shares: Shares,
    pub(super) when_full: WhenFull,
}

impl Settings {
    /// Words of a row in [`Worth::touch`].
    pub(super) fn words(&self) -> u32 {
        1 + u32::from(self.when_full.word().is_some())
    }
}

impl ChunkedTables {
    /// Begins the description of tables and features.
    #[must_use]
    pub fn builder(ctx: &Context) -> ChunkedTablesBuilder {
        ChunkedTablesBuilder::new(ctx)
    }

    lookup_methods!();

    /// All tables, for other kinds that take them over.
    pub(crate) fn whole(&self) -> Result<Vec<WholeTable>> {
        self.lookup.whole()
    }

    /// The optimizer, if there is one.
    #[must_use]
    pub fn optimizer(&self) -> Option<&Optimizer> {
        self.lookup.store.optimizer()
    }

    /// Changes the learning rate of the backwards that are submitted from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no optimizer or `lr` is not finite.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.lookup.store.set_lr(lr)
    }

    /// The number of the last step: backwards submitted so far.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.lookup.store.steps()
    }

    /// Slots that there are.
    #[must_use]
    pub fn slots(&self) -> u32 {
        // that is how many were made
        narrow(self.free.size() / 4)
    }

    /// Slots that no chunk has.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn free_slots(&self) -> Result<u32> {
        Ok(self.free_count.read::<u32>(self.context())?[0])
    }

    /// The directory of a table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn directory(&self, table: &str) -> Result<&IdDirectory> {
        Ok(&self.lookup.tables[self.lookup.find_table(table)?].directory)
    }

    /// Makes a batch. Ids without a row stand for zeros; [`ChunkedTables::admit`] gives them rows. Waits
    /// until it is done.
    ///
    /// ```
    /// # use embag::{ChunkedTables, Context, Pooling};
    /// # let mut tables = ChunkedTables::builder(&Context::cpu())
    /// #     .table("movie", 1_000, 16)
    /// #     .feature("liked", "movie", Pooling::Mean)
    /// #     .slots(1_000)
    /// #     .build()?;
    /// let liked = tables.batch().bags("liked", &[9_007_199_254_740_993u64, 7, 42], &[2, 1]);
    /// let batch = tables.find(liked)?;
    /// assert_eq!((batch.len(), batch.absent()?), (2, 3));
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`BatchBuilder::build`], where any id may be. [`Error::LimitExceeded`] or [`Error::Device`] if the
    /// memory cannot be had.
    pub fn find(&self, batch: BatchBuilder<ForDirectory>) -> Result<ChunkedBatch> {
        self.lookup.find(&self.lookup.named(batch, Vec::new())?, self.epoch)
    }

    /// [`ChunkedTables::find`] for a batch in the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` raw
    /// ids for each feature and example, one after the other in `ids`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the numbers disagree, and as [`ChunkedTables::find`].
    pub fn find_from_lengths(&self, ids: &[u64], lengths: &[u32]) -> Result<ChunkedBatch> {
        self.find_weighted(ids, lengths, None)
    }

    pub(crate) fn find_weighted(
        &self,
        ids: &[u64],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<ChunkedBatch> {
        self.lookup.find(&self.lookup.raw_ids(ids, lengths, weights, Vec::new())?, self.epoch)
    }

    /// Records [`ChunkedTables::find`]. Submit it before rows or chunks move, as
    /// [`ChunkedTables::record_backward`] says.
    ///
    /// # Errors
    /// As [`ChunkedTables::find`].
    pub fn record_find(&self, rec: &mut Recorder, batch: BatchBuilder<ForDirectory>) -> Result<ChunkedBatch> {
        self.record_find_raw(rec, &self.lookup.named(batch, Vec::new())?)
    }

    /// Records [`ChunkedTables::find_from_lengths`].
    ///
    /// # Errors
    /// As [`ChunkedTables::find_from_lengths`].
    pub fn record_find_from_lengths(
        &self,
        rec: &mut Recorder,
        ids: &[u64],
        lengths: &[u32],
    ) -> Result<ChunkedBatch> {
        self.record_find_raw(rec, &self.lookup.raw_ids(ids, lengths, None, Vec::new())?)
    }

    /// Records [`ChunkedTables::find`] for ids that already lie in device memory.
    ///
    /// # Errors
    /// As [`ChunkedTables::find`]. Whether bags and ids agree is checked on the device: waiting tells.
    pub fn record_find_from_device(&self, rec: &mut Recorder, ids: DeviceIds) -> Result<ChunkedBatch> {
        let batch = self.lookup.record_find_from_device(rec, ids, Vec::new(), self.epoch)?;
        rec.stands_on(&self.ground);
        Ok(batch)
    }

    fn record_find_raw(&self, rec: &mut Recorder, ids: &RawIds) -> Result<ChunkedBatch> {
        let batch = self.lookup.record_find(rec, ids, self.epoch)?;
        rec.stands_on(&self.ground);
        Ok(batch)
    }

    /// The pooled vectors of all features side by side, `[batch, sum of dims]`: chunks that are absent are
    /// zeros. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the batch is of other tables or from before rows or chunks moved.
    pub fn forward(&self, batch: &ChunkedBatch) -> Result<Matrix> {
        self.check_fresh(batch)?;
        self.lookup.forward(batch)
    }

    /// The pooled vectors of each feature, `[batch, dim]`. Waits until it is done.
    ///
    /// # Errors
    /// As [`ChunkedTables::forward`].
    pub fn forward_features(&self, batch: &ChunkedBatch) -> Result<Vec<Matrix>> {
        self.check_fresh(batch)?;
        self.lookup.forward_features(batch)
    }

    /// Records the lookup into one matrix, or one for each feature. Submit it before rows or chunks move, as
    /// [`ChunkedTables::record_backward`] says.
    ///
    /// # Errors
    /// As [`ChunkedTables::forward`], and if `out` has another shape.
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()> {
        self.check_fresh(batch)?;
        self.lookup.record_forward(rec, batch, out.into())?;
        rec.stands_on(&self.ground);
        Ok(())
    }

    pub(super) fn check_fresh(&self, batch: &ChunkedBatch) -> Result<()> {
        if batch.epoch != self.epoch {
            let expected = "one looked up after rows or chunks moved last";
            return Err(Error::invalid("batch", expected, "one from before"));
        }
        Ok(())
    }
}
