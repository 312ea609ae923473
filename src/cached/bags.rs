//! Bags with a cache.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::batch::Slots;
use super::directory::Directory;
use super::traffic::WriteBack;
use super::{CacheStats, CachedBagsBuilder, Replacement};
use crate::Result;
use crate::bag::{EmbeddingBags, Schema};
use crate::device::{Context, Precision};
use crate::directory::{Directories, IdDirectory};
use crate::optim::Optimizer;
use crate::update::RowStore;

/// [`EmbeddingBags`] with tables that need not fit device memory: all rows and their optimizer state lie on
/// the host, and the rows in use in a set-associative cache on the device.
///
/// [`CachedBags::place`] makes a batch and brings the rows it lacks to the device; then everything is as with
/// [`EmbeddingBags`], to the bit: updates always, the forward of a table if all its rows, and its cache,
/// would each fit one binding (of a table in several, the forward adds their sums in order). Rows that the
/// device has not changed are not read back when they leave the cache.
///
/// A batch in use holds its rows in the cache (see [`CachedBatch`](super::CachedBatch)). So a cache needs
/// slots for the distinct rows of a batch, and for those of two where one is placed before the one before is
/// dropped.
///
/// ```
/// use embag::cached::Replacement;
/// use embag::optim::Adagrad;
/// use embag::{CachedBags, Context, Pooling, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = CachedBags::builder(&ctx)
///     .table("movie", Table::rows(1_000_000).dim(8), 5_000) // 5,000 of the rows at a time
///     .feature("liked", "movie", Pooling::Mean)
///     .replacement(Replacement::Lfu)
///     .optimizer(Adagrad::new(0.05))
///     .build()?;
/// let mut batch = bags.place(bags.batch().bags("liked", &[10u32, 999_999, 12], &[2, 1]))?;
/// for step in 0..3u32 {
///     let pooled = bags.forward(&batch)?; // [2, 8], on the device
///     bags.backward(&batch, &pooled)?; // here the output stands in for its gradient
///     let next = bags.batch().bags("liked", &[10, 500 + step, 12], &[1, 2]);
///     bags.prefetch(&next)?; // useful where the device is still at work
///     batch = bags.place(next)?;
/// }
/// assert_eq!((bags.stats().misses, bags.stats().prefetched), (3, 3));
/// assert_eq!(bags.read_row("movie", 10)?.len(), 8);
/// # Ok::<(), embag::Error>(())
/// ```
///
/// # A training loop
///
/// The next batch's rows come while the device is at work on this one. A batch holds its rows until it, and
/// every recorder, submission and readback with an operation on it, is gone; a cache with slots for the
/// distinct rows of the batches in use is large enough, however they fall into sets. Checkpoints are those of
/// [`EmbeddingBags`].
///
/// ```
/// use embag::optim::RowwiseAdagrad;
/// use embag::{CachedBags, Context, Matrix, Pooling, Recorder, Table};
///
/// let ctx = Context::cpu();
/// let mut bags = CachedBags::builder(&ctx)
///     .table("movie", Table::rows(200_000).dim(16), 5_000) // rows on the device at a time
///     .feature("liked", "movie", Pooling::Mean)
///     .optimizer(RowwiseAdagrad::new(0.05))
///     .build()?;
/// let pooled = Matrix::zeros(&ctx, 2, 16)?;
/// let grad = Matrix::from_slice(&ctx, &[0.01; 2 * 16], 2, 16)?; // your layers write it, in its own memory
///
/// let batches = [[3u32, 199_999, 8], [3, 8, 70]];
/// let describe = |bags: &CachedBags, ids: &[u32; 3]| bags.batch().bags("liked", ids, &[2, 1]);
/// for (i, ids) in batches.iter().enumerate() {
///     let batch = bags.place(describe(&bags, ids))?; // brings the rows that the device lacks
///     let mut rec = Recorder::new(&ctx);
///     bags.record_forward(&mut rec, &batch, &pooled)?;
///     // here your layers record what they make of `pooled`, and `grad`
///     bags.record_backward(&mut rec, &batch, &grad)?;
///     let submission = rec.submit()?;
///     if let Some(next) = batches.get(i + 1) {
///         bags.prefetch(&describe(&bags, next))?; // while the device works
///     }
///     submission.wait()?;
/// }
/// println!("{:?}, {:.0} % hits", bags.stats(), bags.stats().hit_rate() * 100.0);
/// bags.flush()?; // everything back on the host; `save`, `download` and the like do it by themselves
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct CachedBags {
    /// All rows, in host memory: tables of a CPU context.
    pub(super) whole: RowStore,
    /// What batches are checked against before they are placed.
    pub(super) schema: Arc<Schema>,
    /// Rows of raw ids, on the host.
    pub(super) ids: Directories,
    /// Tables with a row for each slot.
    pub(super) device: EmbeddingBags,
    pub(super) directories: Vec<Directory>,
    pub(super) slots: Arc<Slots>,
    pub(super) on_the_way: VecDeque<WriteBack>,
    /// Placements so far.
    pub(super) now: u64,
    /// For each table.
    pub(super) stats: Vec<CacheStats>,
    /// Whose changes are noted, if they are.
    pub(super) model: Option<String>,
}

impl CachedBags {
    /// Begins the description of tables, their caches and features.
    #[must_use]
    pub fn builder(ctx: &Context) -> CachedBagsBuilder {
        CachedBagsBuilder::new(ctx)
    }

    pub(super) fn new(
        mut whole: RowStore,
        schema: Schema,
        ids: Directories,
        device: EmbeddingBags,
        ways: usize,
        replacement: Replacement,
    ) -> Self {
        // both count the same steps
        whole.go_on_from(device.store());
        let tables = 0..device.tables().len();
        let directories: Vec<_> = tables
            .map(|table| Directory::new(device.store().tables().shape(table).rows, ways, replacement))
            .collect();
        Self {
            slots: Arc::new(Slots::new(directories.iter().map(Directory::slots))),
            stats: vec![CacheStats::default(); directories.len()],
            whole,
            schema: Arc::new(schema),
            ids,
            device,
            directories,
            on_the_way: VecDeque::new(),
            now: 0,
            model: None,
        }
    }

    /// The context of the cache.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.device.context()
    }

    /// The names of the tables, in the order they were added.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        self.whole.tables().names()
    }

    /// The names of the features, in the order they were added.
    pub fn features(&self) -> impl ExactSizeIterator<Item = &str> {
        self.device.features()
    }

    /// As [`EmbeddingBags::columns_of`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::columns_of`].
    pub fn columns_of(&self, feature: &str) -> Result<Range<usize>> {
        self.device.columns_of(feature)
    }

    /// Rows and columns of a table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn table_shape(&self, table: &str) -> Result<(usize, usize)> {
        self.whole.table_shape(table)
    }

    /// As [`EmbeddingBags::directory`]; that of a cached table lies on the host.
    ///
    /// # Errors
    /// As [`EmbeddingBags::directory`].
    pub fn directory(&self, table: &str) -> Result<&IdDirectory> {
        self.ids.wanted(table, self.whole.tables().find(table)?)
    }

    /// All rows on the host, those that the device changed since the last flush aside.
    pub(crate) fn whole(&self) -> &RowStore {
        &self.whole
    }

    /// What batches are checked against before they are placed.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Rows of raw ids.
    pub(crate) fn directories(&self) -> &Directories {
        &self.ids
    }

    /// See [`RowStore::submitted_steps`].
    pub(crate) fn submitted_steps(&self) -> u32 {
        self.device.store().submitted_steps()
    }

    /// Whose changes are noted, if they are.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Bytes of the directories of raw ids, on the host.
    pub(crate) fn directory_bytes(&self) -> u64 {
        self.ids.bytes()
    }

    /// Rows of a table that the device can hold at a time.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn slots(&self, table: &str) -> Result<usize> {
        self.device.table_shape(table).map(|(slots, _)| slots)
    }

    /// The type of a table's values.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn precision(&self, table: &str) -> Result<Precision> {
        Ok(self.whole.precision(self.whole.tables().find(table)?))
    }

    /// Bytes of all tables' weights, on the host.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.whole.tables().bytes()
    }

    /// Bytes of all optimizer state, on the host.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        self.whole.tables().state_bytes()
    }

    /// Bytes of the caches: weights and optimizer state on the device.
    #[must_use]
    pub fn cache_bytes(&self) -> u64 {
        self.device.bytes() + self.device.state_bytes()
    }

    /// Columns of the matrix that [`CachedBags::forward`] makes: the sum of the features' dims.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.device.output_cols()
    }

    /// The type of the outputs' values.
    #[must_use]
    pub fn output_precision(&self) -> Precision {
        self.device.output_precision()
    }

    /// The optimizer.
    #[must_use]
    pub fn optimizer(&self) -> Option<&Optimizer> {
        self.device.optimizer()
    }

    /// Changes the learning rate of the backwards that are submitted from now on.
    ///
    /// # Errors
    /// As [`EmbeddingBags::set_lr`].
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.device.set_lr(lr)
    }

    /// As [`EmbeddingBags::table_optimizer`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::table_optimizer`].
    pub fn table_optimizer(&self, table: &str) -> Result<Option<&Optimizer>> {
        self.device.table_optimizer(table)
    }

    /// As [`EmbeddingBags::set_table_lr`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::set_table_lr`].
    pub fn set_table_lr(&mut self, table: &str, lr: f32) -> Result<()> {
        self.device.set_table_lr(table, lr)
    }

    /// The number of the last step, see [`EmbeddingBags::steps`].
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.device.steps()
    }

    /// The learning rate of the next backward: the optimizer's times the schedule's factor.
    #[must_use]
    pub fn next_lr(&self) -> Option<f32> {
        self.device.next_lr()
    }

    /// What the caches of all tables did.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.stats.iter().fold(CacheStats::default(), |mut sum, &stats| {
            sum += stats;
            sum
        })
    }

    /// What the cache of one table did.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn table_stats(&self, table: &str) -> Result<CacheStats> {
        self.whole.tables().find(table).map(|table| self.stats[table])
    }

    /// Counts from zero again.
    pub fn reset_stats(&mut self) {
        self.stats.fill(CacheStats::default());
    }
}
