//! Bags of rows: looked up, and updated by the gradient of that.

use super::values::check_pooling;
use super::{VariableBatch, VariableRows};
use crate::Result;
use crate::bag::{
    FeatureSpec, Gradient, Gradients, JaggedBatch, Keyed, Member, Occurrences, Outputs, Place, Pooling,
    Round, RowLookup, WeightGrad, check_weight_grad, matrices_for, matrix_for,
};
use crate::device::{Buffer, Matrix, Recorder};
use crate::kernels::feature::NONE;
use crate::table::Noise;
use crate::update::{KeyTerms, Parts};

impl VariableRows {
    /// Looks up and pools every feature: `[examples, features * widest]`, features side by side. A short row
    /// adds to the first columns of its feature's. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`](crate::EmbeddingBags::forward).
    pub fn forward(&self, batch: &VariableBatch) -> Result<Matrix> {
        self.check_batch(batch)?;
        let out = matrix_for(self.context(), &self.schema, &batch.inner, self.output_precision)?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Looks up every feature into a matrix of its own: `[examples, widest]` if it is pooled, `[ids, widest]`
    /// if it is a sequence. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward_features`](crate::EmbeddingBags::forward_features).
    pub fn forward_features(&self, batch: &VariableBatch) -> Result<Vec<Matrix>> {
        self.check_batch(batch)?;
        let outs = matrices_for(self.context(), &self.schema, &batch.inner, self.output_precision)?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, &outs)?;
        rec.run()?;
        Ok(outs)
    }

    /// Records the lookup into one matrix, or one for each feature, of any precision.
    ///
    /// # Errors
    /// As [`VariableRows::forward`], and if `out` has not the outputs' shape.
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()> {
        self.check_batch(batch)?;
        let out = out.into();
        out.check(&self.schema, &batch.inner, "out")?;
        self.look_up(rec, &batch.inner, &out)
    }

    /// The rows of each feature's bags added up or averaged, whatever the feature is, as
    /// [`VariableRows::forward`] gives them. Waits until it is done.
    ///
    /// # Errors
    /// As [`VariableRows::forward`], and if `pooling` is neither sum nor mean.
    pub fn pool(&self, batch: &VariableBatch, pooling: Pooling) -> Result<Matrix> {
        self.check_batch(batch)?;
        check_pooling(pooling)?;
        let batch = batch.inner.pooled(pooling);
        let schema = &batch.inner.schema;
        let out = matrix_for(self.context(), schema, &batch, self.output_precision)?;
        let mut rec = Recorder::new(self.context());
        self.look_up(&mut rec, &batch, &(&out).into())?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`VariableRows::pool`].
    ///
    /// # Errors
    /// As [`VariableRows::pool`], and if `out` has not the outputs' shape.
    pub fn record_pool(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        pooling: Pooling,
        out: &Matrix,
    ) -> Result<()> {
        self.check_batch(batch)?;
        check_pooling(pooling)?;
        let batch = batch.inner.pooled(pooling);
        let out = Outputs::from(out);
        out.check(&batch.inner.schema, &batch, "out")?;
        self.look_up(rec, &batch, &out)
    }

    fn look_up(&self, rec: &mut Recorder, batch: &JaggedBatch, out: &Outputs<'_>) -> Result<()> {
        self.same_context(rec)?;
        batch.guard(rec);
        let tables = self.store.tables();
        let windows = tables.plan().windows.iter().enumerate();
        let mut parts: Vec<_> =
            windows.flat_map(|(w, window)| window.parts.iter().map(move |part| (w, part))).collect();
        // the first one writes all columns, to which the others add
        parts.sort_by_key(|(w, part)| (std::cmp::Reverse(part.dim), *w));
        let round = |(k, (window, part))| {
            let place = Place::by_key(part, k == 0);
            Round { window, places: self.schema.all().map(|f| (f, place)).collect() }
        };
        let rounds = parts.into_iter().enumerate().map(round).collect();
        RowLookup { tables, batch, rounds }.record(rec, out)
    }

    /// Updates every row of the batch, once, with the optimizer; `grad` is the gradient of the outputs, in one
    /// matrix or one for each feature. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no optimizer or `grad`
    /// has not the outputs' shape, [`Error::LimitExceeded`](crate::Error::LimitExceeded) if it does not fit a
    /// binding; the batch's own errors if it is a bad device batch.
    pub fn backward<'a>(&mut self, batch: &VariableBatch, grad: impl Into<Gradients<'a>>) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`VariableRows::backward`].
    ///
    /// # Errors
    /// As [`VariableRows::backward`].
    pub fn record_backward<'a>(
        &mut self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<()> {
        self.check_batch(batch)?;
        let grad = grad.into();
        grad.check(&self.schema, &batch.inner, "grad")?;
        self.same_context(rec)?;
        batch.inner.guard(rec);
        rec.whole(|rec| {
            let gradient = Gradient::new(rec, &batch.inner, grad)?;
            let terms = self.occurrences(rec, &batch.inner, &gradient, true)?;
            self.store.step_by_key(rec, terms)
        })
    }

    /// The gradient with respect to the per-sample weights (as if all were given): one value for each id, 0
    /// for ids that stand for no row. Uses the rows as they are, so it comes before the backward. Waits until
    /// it is done.
    ///
    /// # Errors
    /// As [`VariableRows::backward`], but no optimizer is needed.
    pub fn weight_grad<'a>(&self, batch: &VariableBatch, grad: impl Into<Gradients<'a>>) -> Result<Buffer> {
        let out = self.context().allocate("embag.weight_grad", batch.len() as u64 * 4)?;
        let mut rec = Recorder::new(self.context());
        self.record_weight_grad(&mut rec, batch, grad, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`VariableRows::weight_grad`].
    ///
    /// # Errors
    /// As [`VariableRows::weight_grad`], and if `out` does not hold one `f32` for each id.
    pub fn record_weight_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        grad: impl Into<Gradients<'a>>,
        out: &Buffer,
    ) -> Result<()> {
        self.check_batch(batch)?;
        let grad = grad.into();
        check_weight_grad(&self.schema, &batch.inner, &grad, out)?;
        self.same_context(rec)?;
        batch.inner.guard(rec);
        if batch.is_empty() {
            return Ok(());
        }
        rec.whole(|rec| {
            rec.scope(|rec| {
                let gradient = Gradient::new(rec, &batch.inner, grad)?;
                let found = self.occurrences(rec, &batch.inner, &gradient, false)?;
                for (w, window) in self.store.tables().plan().windows.iter().enumerate() {
                    let parts: Vec<_> = window
                        .parts
                        .iter()
                        .map(|part| part.for_kernel(part.key_first, Noise::default()))
                        .collect();
                    let of = WeightGrad {
                        len: batch.inner.inner.ids,
                        parts: Parts::new(rec, &parts)?,
                        keys: window.keys(),
                        zero_key: if w == 0 { self.layout.rows } else { u32::MAX },
                        format: window.format,
                        vec4: window.vec4,
                        rows: self.store.tables().weights(w),
                        row_bytes: window.bytes_of_rows(1),
                    };
                    of.record(rec, &found, out);
                }
                Ok(())
            })
        })
    }

    /// Keys and terms of all ids of a batch.
    pub(super) fn occurrences(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        weighted: bool,
    ) -> Result<KeyTerms> {
        let len = batch.inner.ids;
        let members: Vec<Member> =
            self.schema.all().map(|feature| Member { feature, shift: 0, in_use: true }).collect();
        let bound = gradient.bind(rec, &members, len)?;
        let ids = &batch.inner.ids_buffer;
        let none_key = self.layout.rows;
        let of = Occurrences { ids, members: &members, len, none_key, weighted, absent_count: false };
        of.record(rec, batch, bound, |_: &FeatureSpec| Keyed { rows: none_key, padding: NONE, key_base: 0 })
    }

    /// The names of the features, in the order they were added.
    pub fn features(&self) -> impl ExactSizeIterator<Item = &str> {
        self.schema.features.iter().map(|feature| feature.name.as_str())
    }

    /// The columns that a feature has in the outputs side by side, of batches of all features.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such feature.
    pub fn columns_of(&self, feature: &str) -> Result<std::ops::Range<usize>> {
        self.schema.columns_of(feature, self.schema.all())
    }
}
