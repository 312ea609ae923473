//! Fused backward: the gradient of the output to updated rows, exact and deterministic.
//!
//! Each id becomes a key (its row) and a term (where its gradient lies, and by what it is multiplied). Sorted
//! by key, the terms of a row lie together; one writer sums them in a fixed order and applies the optimizer.

use super::forward::weights_or_unused;
use super::gradient::{Bound, Gradient};
use super::section::{Member, Section};
use super::{EmbeddingBags, Gradients, JaggedBatch, Pooling};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::feature::{Feature, POOL_NONE};
use crate::kernels::{occurrences, weight_grad};
use crate::numbers::narrow;
use crate::table::RowFormat;
use crate::update::{KeyTerms, Parts, SortedTerms, Step};
use crate::{Error, Result};

impl EmbeddingBags {
    /// Updates every row that the batch touched, once, with the optimizer. `grad` is the gradient of the
    /// outputs, in one matrix or one for each feature; those of 16 bits are widened first, and those that no
    /// single binding holds are copied together. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no optimizer or `grad` has not the outputs' shape,
    /// [`Error::LimitExceeded`] if the part of `grad` that belongs to one table's features is larger than a
    /// binding (for device batches without counts: all of it); the batch's own errors if it is a bad device
    /// batch.
    pub fn backward<'a>(&mut self, batch: &JaggedBatch, grad: impl Into<Gradients<'a>>) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`EmbeddingBags::backward`].
    ///
    /// # Scratch memory
    /// At most 1.5 (36 N + N (D + 3) / 8 + G + H) bytes, and 1.5 * 4 I D for each feature that is a maximum:
    /// - N: ids that are sorted together. Where the host knows how many ids each feature has, that is those
    ///   of one table, or of several with together no more than a binding of terms holds (49,152 for two
    ///   threads on the CPU: 24 Ki for each thread; 65,536 on software adapters). For device batches without
    ///   counts: all ids.
    /// - D: the widest dim of these tables.
    /// - G: bytes of their features' gradients, if they have to be copied: where no binding holds them, or on
    ///   the CPU where many ids read rows with gaps between them.
    /// - H: counters of the sort and descriptions of tables and features, N + 256 KiB.
    /// - I: ids of the feature, or its bags if there are more of them.
    ///
    /// 1.5 is what sizes are rounded up by, so that scratch memory fits the next batch too
    /// ([`Context::scratch_bytes`](crate::Context::scratch_bytes) gives the sum).
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`].
    pub fn record_backward<'a>(
        &mut self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<()> {
        let grad = grad.into();
        grad.check(&self.schema, batch, "grad")?;
        rec.whole(|rec| self.backward_sections(rec, batch, grad))
    }

    /// The gradient with respect to the per-sample weights (as if all were given): one value for each id, 0
    /// for ids that stand for no row. Uses the rows as they are, so it comes before the backward. Waits until
    /// it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`], but no optimizer is needed.
    pub fn weight_grad<'a>(&self, batch: &JaggedBatch, grad: impl Into<Gradients<'a>>) -> Result<Buffer> {
        let out = self.context().allocate("embag.weight_grad", batch.ids() as u64 * 4)?;
        let mut rec = Recorder::new(self.context());
        self.record_weight_grad(&mut rec, batch, grad, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`EmbeddingBags::weight_grad`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::weight_grad`], and if `out` does not hold one `f32` for each id.
    pub fn record_weight_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        grad: impl Into<Gradients<'a>>,
        out: &Buffer,
    ) -> Result<()> {
        let grad = grad.into();
        grad.check(&self.schema, batch, "grad")?;
        let mut specs = batch.inner.features().map(|feature| &self.schema.features[feature]);
        if let Some(spec) = specs.find(|spec| spec.pooling == Pooling::Max) {
            let argument = format!("feature \"{}\"", spec.name);
            return Err(Error::invalid(argument, "a sum or mean, for a gradient of weights", "a maximum"));
        }
        if out.size() != batch.ids() as u64 * 4 {
            let expected = format!("{} values, one for each id", batch.ids());
            return Err(Error::invalid("out", expected, out.size() / 4));
        }
        self.store.same_context(rec)?;
        batch.guard(rec);
        if batch.ids() == 0 {
            return Ok(());
        }
        rec.whole(|rec| {
            let gradient = Gradient::new(rec, batch, grad)?;
            self.weight_grad_sections(rec, batch, &gradient, out)
        })
    }

    fn weight_grad_sections(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        out: &Buffer,
    ) -> Result<()> {
        let plan = self.store.tables().plan();
        let mut first = true;
        for group in &plan.groups {
            let whole = Section::whole(plan, group, &batch.inner);
            let sections = if gradient.fits {
                vec![whole]
            } else {
                let in_use = whole.members.iter().filter(|member| member.in_use);
                in_use.map(|member| whole.clone().single(member.feature)).collect()
            };
            for section in sections {
                rec.scope(|rec| self.weight_grad_section(rec, batch, gradient, &section, first, out))?;
                first = false;
            }
        }
        Ok(())
    }

    /// Writes what belongs to ids of the section; if it is the first, also the zeros of ids without a row.
    /// Ids of other sections look like these, and get their values later.
    fn weight_grad_section(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        section: &Section,
        first: bool,
        out: &Buffer,
    ) -> Result<()> {
        let bound = gradient.bind(rec, &section.members, section.ids)?;
        let found = self.occurrences(rec, batch, bound, section, false)?;
        let (len, shape) = (batch.inner.ids, rec.context().shape());
        for w in section.span.windows.clone() {
            let window = &self.store.tables().plan().windows[w];
            let parts = Parts::new(rec, &section.span.parts(self.store.tables().plan(), w..w + 1, |_| 0))?;
            let keys = window.keys();
            let params = weight_grad::Params {
                len,
                parts: parts.count,
                key_begin: keys.start,
                key_end: keys.end,
                lanes: parts.lanes,
                zero_key: if first && w == section.span.windows.start {
                    section.span.none_key()
                } else {
                    u32::MAX
                },
                rows_type: window.format.code(),
            };
            let bindings = weight_grad::Bindings {
                parts: parts.buffer,
                keys: found.keys.clone(),
                terms: found.terms.clone(),
                grad: found.grad.clone(),
                rows: self.store.tables().weights(w).clone(),
                out: out.clone(),
            };
            let any = window.format != RowFormat::F32;
            let variant = weight_grad::variant(window.vec4 && found.vec4, any, shape);
            let groups = weight_grad::groups(shape, len, params.lanes);
            rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        }
        Ok(())
    }

    fn backward_sections(&self, rec: &mut Recorder, batch: &JaggedBatch, grad: Gradients<'_>) -> Result<()> {
        self.store.same_context(rec)?;
        let steps = self.store.begin_step(rec, "one, for a backward")?;
        batch.guard(rec);
        let gradient = Gradient::new(rec, batch, grad)?;
        let gradient = &self.spread_maxima(rec, batch, gradient)?;
        let plan = self.store.tables().plan();
        for section in Section::all(plan, &batch.inner, gradient) {
            if let Some(step) = steps.of(plan.class_of(section.span.windows.start)) {
                rec.scope(|rec| self.update_section(rec, batch, gradient, &section, step))?;
            }
        }
        Ok(())
    }

    fn update_section(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        section: &Section,
        step: &Step,
    ) -> Result<()> {
        let sorted = self.sorted_terms(rec, batch, gradient, section)?;
        self.store.update_sorted(rec, &section.span, &sorted, step, |w| batch.misses(w))
    }

    /// The terms of a section's ids in the order of their keys.
    pub(super) fn sorted_terms(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        section: &Section,
    ) -> Result<SortedTerms> {
        let bound = gradient.bind(rec, &section.members, section.ids)?;
        self.occurrences(rec, batch, bound, section, true)?.sorted(rec, section.span.none_key())
    }

    /// Keys and terms of a section's ids.
    fn occurrences(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        bound: Bound,
        section: &Section,
        weighted: bool,
    ) -> Result<KeyTerms> {
        let plan = self.store.tables().plan();
        let features: Vec<Feature> = section
            .members
            .iter()
            .zip(bound.places.iter().zip(&bound.spread))
            .map(|(&Member { feature, shift, in_use }, (&(out_base, out_stride), &spread))| {
                let spec = &self.schema.features[feature];
                Feature {
                    index: narrow(feature),
                    dim: spec.shape.dim,
                    rows: if in_use { spec.shape.rows } else { 0 },
                    padding: spec.padding,
                    pooling: if spread { POOL_NONE } else { spec.pooling.code() },
                    out_base,
                    out_stride,
                    key_base: section.span.key(plan.first_key[spec.table]),
                    shift,
                    ..Feature::default()
                }
            })
            .collect();
        let bags = batch.inner.batch * narrow(features.len());
        let ids = section.ids;
        let threads = occurrences::threads(bags, ids);
        let params = occurrences::Params {
            batch: batch.inner.batch,
            bags,
            ids,
            none_key: section.span.none_key(),
            weighted: u32::from(weighted && batch.inner.weights.is_some()),
            threads,
        };
        let keys = rec.scratch("embag.keys", u64::from(ids) * 4)?;
        let terms = rec.scratch("embag.terms", u64::from(ids) * 8)?;
        let bindings = occurrences::Bindings {
            status: batch.inner.status.clone(),
            features: rec.scratch_from("embag.features", &features)?,
            offsets: batch.inner.offsets.clone(),
            ids: batch.inner.ids_buffer.clone(),
            weights: weights_or_unused(rec, batch)?,
            keys: keys.clone(),
            terms: terms.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, threads));
        Ok(KeyTerms { len: ids, keys, terms, vec4: bound.vec4(), grad: bound.buffer })
    }
}
