//! What all kinds of tables have in common, for code that takes any of them.

use std::ops::Range;

use crate::bag::{
    BatchBuilder, EmbeddingBags, ForBags, ForCache, ForDirectory, ForVariable, Gradients, JaggedBatch,
    Outputs,
};
use crate::cached::{CachedBags, CachedBatch};
use crate::chunked::{ChunkedBatch, ChunkedTables, PrunedTables};
use crate::device::{Buffer, Context, Matrix, Precision, Recorder};
use crate::optim::Optimizer;
use crate::quant::QuantizedBags;
use crate::variable::{VariableBatch, VariableRows};
use crate::{Checkpoint, Result};

/// Tables that are looked up, of whatever kind: what serves a model needs no more.
///
/// Batches are in the layout of a KeyedJaggedTensor: `lengths[f * batch + b]` ids for each feature and
/// example, one after the other in `ids`; `weights`, if any, one for each id.
///
/// ```
/// use embag::{Context, EmbeddingBags, Lookup, Matrix, Pooling, QuantizedBags, Result, Table};
/// use embag::quant::{RangeSearch, RowFormat};
///
/// /// The pooled rows of two bags, from any tables.
/// fn two_bags(tables: &mut impl Lookup) -> Result<Matrix> {
///     let liked = tables.begin().bags("liked", &[7u64, 3, 9], &[2, 1]);
///     let batch = tables.find_named(liked)?;
///     tables.pooled(&batch)
/// }
///
/// let ctx = Context::cpu();
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(100).dim(4))
///     .feature("liked", "movie", Pooling::Mean)
///     .build()?;
/// let mut served = QuantizedBags::of(&bags, |_table| (RowFormat::Int8, RangeSearch::MinMax))?;
/// assert_eq!((two_bags(&mut bags)?.rows(), two_bags(&mut served)?.rows()), (2, 2));
/// # Ok::<(), embag::Error>(())
/// ```
pub trait Lookup {
    /// A batch whose rows are known.
    type Batch;

    /// What its batches are begun for, such as [`ForBags`].
    type For;

    /// The context.
    fn context(&self) -> &Context;

    /// The names of the features, in their order.
    fn features(&self) -> Vec<&str>;

    /// The columns that a feature has in the outputs side by side, of batches of all features.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such feature.
    fn columns_of(&self, feature: &str) -> Result<Range<usize>>;

    /// Columns of the outputs of all features side by side.
    fn output_cols(&self) -> usize;

    /// The type of the outputs' values that [`Lookup::pooled`] makes.
    fn output_precision(&self) -> Precision;

    /// Rows and columns of a batch's outputs side by side.
    fn output_shape(&self, batch: &Self::Batch) -> (usize, usize);

    /// A batch to look up, without a row for raw ids that have none: tables of [raw ids](crate::Table::raw_ids),
    /// [`ChunkedTables`] and [`PrunedTables`] give zeros for them. [`CachedBags`] bring the rows into their cache.
    ///
    /// # Errors
    /// Those of the kind of table for bad ids and lengths.
    fn find(&mut self, ids: &[u64], lengths: &[u32], weights: Option<&[f32]>) -> Result<Self::Batch>;

    /// Begins a batch of named features, for [`Lookup::find_named`] and, to train, [`Embeddings::admit_named`].
    fn begin(&self) -> BatchBuilder<Self::For>;

    /// [`Lookup::find`] for a batch of named features: with weights for some of them, of
    /// [`only`](BatchBuilder::only) some of them, or with a number of examples for each.
    ///
    /// # Errors
    /// As [`Lookup::find`].
    fn find_named(&mut self, batch: BatchBuilder<Self::For>) -> Result<Self::Batch>;

    /// Records the lookup into one matrix, or one for each feature.
    ///
    /// # Errors
    /// Those of the kind of table, and if `out` has not the outputs' shape.
    fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &Self::Batch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()>;

    /// Looks a batch up, all of its features side by side. Waits until it is done.
    ///
    /// # Errors
    /// As [`Lookup::record_forward`].
    fn pooled(&self, batch: &Self::Batch) -> Result<Matrix>;

    /// Looks a batch up, each feature into a matrix of its own. Waits until it is done.
    ///
    /// # Errors
    /// As [`Lookup::record_forward`].
    fn pooled_features(&self, batch: &Self::Batch) -> Result<Vec<Matrix>>;
}

/// Tables that are trained, of whatever kind.
///
/// ```
/// use embag::chunked::ChunkedTables;
/// use embag::optim::RowwiseAdagrad;
/// use embag::{Context, Embeddings, EmbeddingBags, Matrix, Pooling, Recorder, Result, Table};
///
/// /// One step on two bags of any tables.
/// fn step(tables: &mut impl Embeddings) -> Result<()> {
///     let liked = tables.begin().bags("liked", &[7u64, 3, 9], &[2, 1]);
///     let batch = tables.admit_named(liked)?; // those that are new get rows, where ids are raw
///     let pooled = Matrix::zeros(tables.context(), 2, tables.output_cols())?;
///     let mut rec = Recorder::new(tables.context());
///     tables.record_forward(&mut rec, &batch, &pooled)?;
///     // here a model makes the gradient of `pooled`, for which it stands itself
///     tables.record_backward(&mut rec, &batch, &pooled)?;
///     rec.run()
/// }
///
/// let ctx = Context::cpu();
/// let optimizer = RowwiseAdagrad::new(0.05);
/// let mut bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(100).dim(16))
///     .feature("liked", "movie", Pooling::Mean)
///     .optimizer(optimizer)
///     .build()?;
/// let mut chunked = ChunkedTables::builder(&ctx)
///     .table("movie", 100, 16)
///     .feature("liked", "movie", Pooling::Mean)
///     .slots(100)
///     .optimizer(optimizer)
///     .build()?;
/// step(&mut bags)?;
/// step(&mut chunked)?;
/// assert_eq!((Embeddings::steps(&bags), Embeddings::steps(&chunked)), (1, 1));
/// # Ok::<(), embag::Error>(())
/// ```
pub trait Embeddings: Lookup {
    /// A batch to train on: where ids are raw, those that are new get rows ([`EmbeddingBags::admit`]);
    /// everywhere else it is what [`Lookup::find`] makes.
    ///
    /// # Errors
    /// As [`Lookup::find`], and where there is no room for what is new.
    fn admit(&mut self, ids: &[u64], lengths: &[u32], weights: Option<&[f32]>) -> Result<Self::Batch> {
        self.find(ids, lengths, weights)
    }

    /// [`Embeddings::admit`] for a batch of named features.
    ///
    /// # Errors
    /// As [`Embeddings::admit`].
    fn admit_named(&mut self, batch: BatchBuilder<Self::For>) -> Result<Self::Batch> {
        self.find_named(batch)
    }

    /// Records the gradient with respect to the per-sample weights, one value for each id; it comes before
    /// [`Embeddings::record_backward`], which changes the rows.
    ///
    /// # Errors
    /// Those of the kind of table, and if a feature is a maximum or `out` does not hold an `f32` for each id.
    fn record_weight_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &Self::Batch,
        grad: impl Into<Gradients<'a>>,
        out: &Buffer,
    ) -> Result<()>;

    /// Records the update of the rows that a batch touched, by the gradient of [`Lookup::record_forward`]'s
    /// outputs.
    ///
    /// # Errors
    /// Those of the kind of table, and if there is no optimizer or `grad` has not the outputs' shape.
    fn record_backward<'a>(
        &mut self,
        rec: &mut Recorder,
        batch: &Self::Batch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<()>;

    /// The optimizer.
    fn optimizer(&self) -> Option<&Optimizer>;

    /// Changes the learning rate of the backwards that are submitted from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no optimizer, or the rate is not
    /// finite.
    fn set_lr(&mut self, lr: f32) -> Result<()>;

    /// The number of the last step.
    fn steps(&self) -> u32;

    /// Bytes of the rows with all that they are found with, and of the optimizer's state.
    fn memory(&self) -> (u64, u64);

    /// Adds rows, optimizer state and steps to a checkpoint, under names that begin with `prefix`.
    ///
    /// # Errors
    /// Those of the kind of table.
    fn export(&mut self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()>;

    /// Takes everything from a checkpoint that [`Embeddings::export`] wrote for tables of the same
    /// description.
    ///
    /// # Errors
    /// Those of the kind of table; [`Error::Checkpoint`](crate::Error::Checkpoint) says what differs.
    fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()>;
}

/// Forwards to the inherent methods of the same names.
macro_rules! lookup {
    (
        $tables:ty, $batch:ty, $for:ty, $examples:ident, $find_named:ident,
        |$this:ident, $ids:ident, $lengths:ident, $weights:ident| $find:expr
    ) => {
        impl Lookup for $tables {
            type Batch = $batch;
            type For = $for;

            fn features(&self) -> Vec<&str> {
                <$tables>::features(self).collect()
            }

            fn columns_of(&self, feature: &str) -> Result<Range<usize>> {
                <$tables>::columns_of(self, feature)
            }

            fn begin(&self) -> BatchBuilder<$for> {
                self.batch()
            }

            fn find_named(&mut self, batch: BatchBuilder<$for>) -> Result<$batch> {
                <$tables>::$find_named(self, batch)
            }

            fn pooled_features(&self, batch: &$batch) -> Result<Vec<Matrix>> {
                self.forward_features(batch)
            }

            fn context(&self) -> &Context {
                <$tables>::context(self)
            }

            fn output_cols(&self) -> usize {
                <$tables>::output_cols(self)
            }

            fn output_precision(&self) -> Precision {
                <$tables>::output_precision(self)
            }

            fn output_shape(&self, batch: &$batch) -> (usize, usize) {
                (batch.$examples(), batch.output_cols())
            }

            fn find(&mut self, $ids: &[u64], $lengths: &[u32], $weights: Option<&[f32]>) -> Result<$batch> {
                let $this = self;
                $find
            }

            fn record_forward<'a>(
                &self,
                rec: &mut Recorder,
                batch: &$batch,
                out: impl Into<Outputs<'a>>,
            ) -> Result<()> {
                <$tables>::record_forward(self, rec, batch, out)
            }

            fn pooled(&self, batch: &$batch) -> Result<Matrix> {
                self.forward(batch)
            }
        }
    };
}

macro_rules! embeddings {
    (
        $tables:ty, $batch:ty, $for:ty, |$this:ident| $memory:expr
        $(, |$that:ident, $ids:ident, $lengths:ident, $weights:ident| $admit:expr)?
    ) => {
        impl Embeddings for $tables {
            $(fn admit_named(&mut self, batch: BatchBuilder<$for>) -> Result<$batch> {
                let $that = self;
                <$tables>::admit($that, batch)
            })?

            fn record_weight_grad<'a>(
                &self,
                rec: &mut Recorder,
                batch: &$batch,
                grad: impl Into<Gradients<'a>>,
                out: &Buffer,
            ) -> Result<()> {
                <$tables>::record_weight_grad(self, rec, batch, grad, out)
            }

            $(fn admit(&mut self, $ids: &[u64], $lengths: &[u32], $weights: Option<&[f32]>) -> Result<$batch> {
                let $that = self;
                $admit
            })?

            fn record_backward<'a>(
                &mut self,
                rec: &mut Recorder,
                batch: &$batch,
                grad: impl Into<Gradients<'a>>,
            ) -> Result<()> {
                <$tables>::record_backward(self, rec, batch, grad)
            }

            fn optimizer(&self) -> Option<&Optimizer> {
                <$tables>::optimizer(self)
            }

            fn set_lr(&mut self, lr: f32) -> Result<()> {
                <$tables>::set_lr(self, lr)
            }

            fn steps(&self) -> u32 {
                <$tables>::steps(self)
            }

            fn memory(&self) -> (u64, u64) {
                let $this = self;
                $memory
            }

            fn export(&mut self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
                <$tables>::export(self, checkpoint, prefix)
            }

            fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
                <$tables>::import(self, checkpoint, prefix)
            }
        }
    };
}

lookup!(EmbeddingBags, JaggedBatch, ForBags, len, find, |this, ids, lengths, weights| {
    this.find_from_lengths(ids, lengths, weights)
});
embeddings!(
    EmbeddingBags,
    JaggedBatch,
    ForBags,
    |this| (this.bytes() + this.directories().bytes(), this.state_bytes()),
    |this, ids, lengths, weights| this.admit_from_lengths(ids, lengths, weights)
);

lookup!(CachedBags, CachedBatch, ForCache, len, place, |this, ids, lengths, weights| {
    this.place_from_lengths(ids, lengths, weights)
});
embeddings!(
    CachedBags,
    CachedBatch,
    ForCache,
    |this| (this.bytes() + this.directory_bytes(), this.state_bytes()),
    |this, ids, lengths, weights| this.admit_from_lengths(ids, lengths, weights)
);

lookup!(ChunkedTables, ChunkedBatch, ForDirectory, len, find, |this, ids, lengths, weights| {
    this.find_weighted(ids, lengths, weights)
});
embeddings!(
    ChunkedTables,
    ChunkedBatch,
    ForDirectory,
    |this| (this.bytes().instead_of_dense(), this.bytes().state),
    |this, ids, lengths, weights| this.admit_weighted(ids, lengths, weights)
);

lookup!(PrunedTables, ChunkedBatch, ForDirectory, len, find, |this, ids, lengths, weights| {
    this.find_weighted(ids, lengths, weights)
});
lookup!(QuantizedBags, JaggedBatch, ForBags, len, find, |this, ids, lengths, weights| {
    this.find_from_lengths(ids, lengths, weights)
});

lookup!(VariableRows, VariableBatch, ForVariable, examples, find, |this, ids, lengths, weights| {
    this.find_from_lengths(ids, lengths, weights)
});
embeddings!(VariableRows, VariableBatch, ForVariable, |this| (this.bytes(), this.state_bytes()));
