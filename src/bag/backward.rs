//! Fused backward: the gradient of the output to updated rows, exact and deterministic.
//!
//! Each id becomes a key (its row) and a term (where its gradient lies, and by what it is multiplied). Sorted by key,
//! the terms of a row lie together; one writer sums them in a fixed order and applies the optimizer.

use std::ops::Range;

use super::chunk::{Chunk, Member};
use super::forward::weights_or_unused;
use super::gradient::{Bound, Gradient};
use super::terms::{Partials, Parts, SortedTerms, WindowRows, row_loops, shape_within, too_many, widest};
use super::update::Update;
use super::{EmbeddingBags, JaggedBatch, Pooling};
use crate::device::{Buffer, Matrix, Recorder};
use crate::kernel::{Dispatch, Shape};
use crate::kernels::feature::{Feature, POOL_NONE};
use crate::kernels::{gather_terms, occurrences, row_update, weight_grad};
use crate::numbers::narrow;
use crate::optimizer::Optimizer;
use crate::sort::sort_by_key;
use crate::table::{Part, RowFormat, Window, table_seed};
use crate::{Error, Result};

/// Keys and terms of a chunk's ids, in the order of the batch.
pub(super) struct Occurrences {
    pub(super) keys: Buffer,
    pub(super) terms: Buffer,
}

impl Occurrences {
    /// The terms in the order of their keys.
    pub(super) fn sorted(self, rec: &mut Recorder, bound: Bound, chunk: &Chunk) -> Result<SortedTerms> {
        let len = chunk.ids;
        let bits = u32::BITS - chunk.none_key().max(1).leading_zeros();
        let sorted = sort_by_key(rec, &self.keys, len, bits)?;
        let terms = rec.scratch("embag.sorted_terms", u64::from(len) * 8)?;
        let bindings = vec![sorted.positions, self.terms, terms.clone()];
        let params = gather_terms::Params { len };
        rec.dispatch(Dispatch::threads(&gather_terms::KERNEL, 0, &params, bindings, len));
        Ok(SortedTerms { bound, keys: sorted.keys, terms })
    }
}

impl EmbeddingBags {
    /// Updates every row that the batch touched, once, with the optimizer. `grad` is the gradient of
    /// [`EmbeddingBags::forward`]'s output. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no optimizer or `grad` is not `[batch, sum of dims]`,
    /// [`Error::LimitExceeded`] if the part of `grad` that belongs to one table's features is larger than a binding
    /// (for device batches without counts: all of it); the batch's own errors if it is a bad device batch.
    pub fn backward(&mut self, batch: &JaggedBatch, grad: &Matrix) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// [`EmbeddingBags::backward`] with a gradient for each output of [`EmbeddingBags::forward_features`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`].
    pub fn backward_features(&mut self, batch: &JaggedBatch, grads: &[Matrix]) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward_features(&mut rec, batch, grads)?;
        rec.run()
    }

    /// Records [`EmbeddingBags::backward`].
    ///
    /// # Scratch memory
    /// At most 1.5 (36 N + N (D + 3) / 8 + G + H) bytes, and 1.5 * 4 I D for each feature that is a maximum:
    /// - N: ids that are sorted together. Where the host knows how many ids each feature has, that is those of one table, or
    ///   of several with together no more than a binding of terms holds (49,152 for two threads on the CPU: 24 Ki for each
    ///   thread; 65,536 on software adapters). For device batches without counts: all ids.
    /// - D: the widest dim of these tables.
    /// - G: bytes of their features' gradients, if they have to be copied: where no binding holds them, or on the CPU
    ///   where many ids read rows with gaps between them.
    /// - H: counters of the sort and descriptions of tables and features, N + 256 KiB.
    /// - I: ids of the feature, or its bags if there are more of them.
    ///
    /// 1.5 is what sizes are rounded up by, so that scratch memory fits the next batch too
    /// ([`Context::scratch_bytes`](crate::Context::scratch_bytes) gives the sum).
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`].
    pub fn record_backward(&mut self, rec: &mut Recorder, batch: &JaggedBatch, grad: &Matrix) -> Result<()> {
        self.check_matrix(batch, grad, "grad")?;
        let gradient = Gradient::of_matrix(rec.context(), &self.schema, grad)?;
        rec.whole(|rec| self.backward_chunks(rec, batch, gradient))
    }

    /// Records [`EmbeddingBags::backward_features`]. Gradients that no single binding holds are copied together first.
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`].
    pub fn record_backward_features(
        &mut self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        grads: &[Matrix],
    ) -> Result<()> {
        self.check_feature_matrices(batch, grads, "grads")?;
        let gradient = Gradient::of_features(rec.context(), grads.to_vec());
        rec.whole(|rec| self.backward_chunks(rec, batch, gradient))
    }

    /// The gradient with respect to the per-sample weights (as if all were given): one value for each id, 0 for ids
    /// that stand for no row. Uses the rows as they are, so it comes before the backward. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`], but no optimizer is needed.
    pub fn weight_grad(&self, batch: &JaggedBatch, grad: &Matrix) -> Result<Buffer> {
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
    pub fn record_weight_grad(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        grad: &Matrix,
        out: &Buffer,
    ) -> Result<()> {
        self.check_matrix(batch, grad, "grad")?;
        if let Some(spec) = self.schema.features.iter().find(|spec| spec.pooling == Pooling::Max) {
            let argument = format!("feature \"{}\"", spec.name);
            return Err(Error::invalid(argument, "a sum or mean, for a gradient of weights", "a maximum"));
        }
        let gradient = Gradient::of_matrix(rec.context(), &self.schema, grad)?;
        if out.size() != batch.ids() as u64 * 4 {
            let expected = format!("{} values, one for each id", batch.ids());
            return Err(Error::invalid("out", expected, out.size() / 4));
        }
        self.same_context(rec, "recorder")?;
        batch.guard(rec);
        if batch.ids() == 0 {
            return Ok(());
        }
        rec.whole(|rec| self.weight_grad_chunks(rec, batch, &gradient, out))
    }

    fn weight_grad_chunks(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        out: &Buffer,
    ) -> Result<()> {
        let plan = self.store.plan();
        let mut first = true;
        for group in &plan.groups {
            let whole = Chunk::whole(plan, group, &batch.inner);
            let chunks = if gradient.fits {
                vec![whole]
            } else {
                let in_use = whole.members.iter().filter(|member| member.in_use);
                in_use.map(|member| whole.clone().single(member.feature)).collect()
            };
            for chunk in chunks {
                rec.scope(|rec| self.weight_grad_chunk(rec, batch, gradient, &chunk, first, out))?;
                first = false;
            }
        }
        Ok(())
    }

    /// Writes what belongs to ids of the chunk; if it is the first, also the zeros of ids without a row. Ids of
    /// other chunks look like these, and get their values later.
    fn weight_grad_chunk(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        chunk: &Chunk,
        first: bool,
        out: &Buffer,
    ) -> Result<()> {
        let bound = gradient.bind(rec, chunk)?;
        let found = self.occurrences(rec, batch, &bound, chunk, false)?;
        let (len, shape) = (batch.inner.ids, rec.context().shape());
        for w in chunk.windows.clone() {
            let window = &self.store.plan().windows[w];
            let parts = self.parts(rec, chunk, w..w + 1, |_| 0)?;
            let keys = window.keys();
            let params = weight_grad::Params {
                len,
                parts: parts.count,
                key_begin: keys.start,
                key_end: keys.end,
                lanes: parts.lanes,
                zero_key: if first && w == chunk.windows.start { chunk.none_key() } else { u32::MAX },
                rows_type: window.format.code(),
            };
            let bindings = vec![
                parts.buffer,
                found.keys.clone(),
                found.terms.clone(),
                bound.buffer.clone(),
                self.store.weights(w).clone(),
                out.clone(),
            ];
            let any = window.format != RowFormat::F32;
            let variant = weight_grad::variant(window.vec4 && bound.vec4(), any, shape);
            let groups = weight_grad::groups(shape, len, params.lanes);
            rec.dispatch(Dispatch::new(&weight_grad::KERNEL, variant, &params, bindings, groups));
        }
        Ok(())
    }

    fn backward_chunks(&self, rec: &mut Recorder, batch: &JaggedBatch, gradient: Gradient) -> Result<()> {
        self.same_context(rec, "recorder")?;
        let update = self.next_update(rec, "one, for a backward")?;
        batch.guard(rec);
        let gradient = &self.spread_maxima(rec, batch, gradient)?;
        for chunk in Chunk::all(self.store.plan(), &batch.inner, gradient) {
            rec.scope(|rec| self.update_chunk(rec, batch, gradient, &chunk, &update))?;
        }
        Ok(())
    }

    /// Records that a step begins, and gives what it does to the rows that it touches; without an optimizer an error that
    /// says what is `expected`.
    pub(super) fn next_update(&self, rec: &mut Recorder, expected: &str) -> Result<Update> {
        let optimizer = self.wanted_optimizer(expected)?;
        Ok(Update::begin(rec, &self.steps, optimizer, self.rules, self.schedule))
    }

    pub(super) fn wanted_optimizer(&self, expected: &str) -> Result<Optimizer> {
        self.optimizer.ok_or_else(|| Error::invalid("optimizer", expected, "none"))
    }

    fn update_chunk(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        chunk: &Chunk,
        update: &Update,
    ) -> Result<()> {
        let sorted = self.sorted_terms(rec, batch, gradient, chunk)?;
        self.update_sorted(rec, chunk, &sorted, update, |w| batch.misses(w))
    }

    /// Updates the rows of a chunk's windows, those apart that are missed out.
    pub(super) fn update_sorted(
        &self,
        rec: &mut Recorder,
        chunk: &Chunk,
        sorted: &SortedTerms,
        update: &Update,
        misses: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let len = chunk.ids;
        let sums = self.sums(update);
        let partials = self.partials(rec, chunk, sorted, sums, update.clip_value())?;
        for w in chunk.windows.clone().filter(|&w| !misses(w)) {
            let window = &self.store.plan().windows[w];
            let parts = chunk.parts(self.store.plan(), w..w + 1, |part| table_seed(self.seed, part.table));
            let parts = update.parts(rec, parts)?;
            let loops = |shape| row_loops(shape, widest(&window.parts), sums, partials.is_some(), len);
            let rows = WindowRows {
                len,
                keys: sorted.keys.clone(),
                key_range: chunk.key(window.keys().start)..chunk.key(window.keys().end),
                terms: sorted.terms.clone(),
                grad: sorted.bound.buffer.clone(),
                vec4: sorted.bound.vec4(),
                partials: partials.clone(),
                counted: false,
                shape: shape_within(rec.context(), loops).ok_or_else(|| too_many(len))?,
            };
            self.update_window(rec, w, parts, rows, update)?;
        }
        Ok(())
    }

    /// Updates the rows of a window from their sorted terms.
    pub(super) fn update_window(
        &self,
        rec: &mut Recorder,
        w: usize,
        parts: Parts,
        rows: WindowRows,
        update: &Update,
    ) -> Result<()> {
        let window = &self.store.plan().windows[w];
        let (len, Range { start: key_begin, end: key_end }) = (rows.len, rows.key_range);
        let (split, stride) = rows.partials.as_ref().map_or((0, 0), |partials| (1, partials.stride));
        let (lanes, counted, table_type) = (parts.lanes, rows.counted.into(), window.format.code());
        let own = move |of_step| row_update::Params {
            len,
            parts: parts.count,
            key_begin,
            key_end,
            lanes,
            split,
            stride,
            counted,
            table_type,
            ..of_step
        };
        let unused = rec.scratch("embag.unused", 16)?;
        let bindings = vec![
            parts.buffer,
            rows.keys,
            rows.terms,
            rows.grad,
            rows.partials.map_or(unused, |partials| partials.buffer),
            self.store.weights(w).clone(),
            self.store.state(w).clone(),
        ];
        let choice = row_update::Choice {
            optimizer: update.optimizer().kind(),
            vec4: window.vec4 && rows.vec4,
            whole: window.parts.iter().all(|part| part.dim.is_multiple_of(16)),
            any: window.format != RowFormat::F32 || self.rules.extras(),
        };
        let variant = choice.variant(rows.shape);
        update.dispatch(rec, variant, bindings, row_update::groups(rows.shape, len, lanes), own);
        Ok(())
    }

    /// The terms of a chunk's ids in the order of their keys.
    pub(super) fn sorted_terms(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        chunk: &Chunk,
    ) -> Result<SortedTerms> {
        let bound = gradient.bind(rec, chunk)?;
        let found = self.occurrences(rec, batch, &bound, chunk, true)?;
        found.sorted(rec, bound, chunk)
    }

    /// Keys and terms of a chunk's ids.
    fn occurrences(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        bound: &Bound,
        chunk: &Chunk,
        weighted: bool,
    ) -> Result<Occurrences> {
        let plan = self.store.plan();
        let features: Vec<Feature> = chunk
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
                    key_base: chunk.key(plan.first_key[spec.table]),
                    shift,
                    ..Feature::default()
                }
            })
            .collect();
        let bags = batch.inner.batch * narrow(features.len());
        let ids = chunk.ids;
        let threads = occurrences::threads(bags, ids);
        let params = occurrences::Params {
            batch: batch.inner.batch,
            bags,
            ids,
            none_key: chunk.none_key(),
            weighted: u32::from(weighted && batch.inner.weights.is_some()),
            threads,
        };
        let keys = rec.scratch("embag.keys", u64::from(ids) * 4)?;
        let terms = rec.scratch("embag.terms", u64::from(ids) * 8)?;
        let bindings = vec![
            batch.inner.status.clone(),
            rec.scratch_from("embag.features", &features)?,
            batch.inner.offsets.clone(),
            batch.inner.ids_buffer.clone(),
            weights_or_unused(rec, batch)?,
            keys.clone(),
            terms.clone(),
        ];
        rec.dispatch(Dispatch::threads(&occurrences::KERNEL, 0, &params, bindings, threads));
        Ok(Occurrences { keys, terms })
    }

    /// The chunk's parts of windows, uploaded.
    fn parts(
        &self,
        rec: &mut Recorder,
        chunk: &Chunk,
        windows: Range<usize>,
        random: impl Fn(&Part) -> u32,
    ) -> Result<Parts> {
        Parts::new(rec, &chunk.parts(self.store.plan(), windows, random))
    }

    /// Sums over a row that are made before it is updated.
    pub(super) fn sums(&self, update: &Update) -> u32 {
        update.optimizer().kernel().sums + self.rules.sums()
    }

    /// The sums of the pieces and groups of long segments; `None` where one thread walks a row's terms, or if the
    /// pieces do not fit a binding.
    pub(super) fn partials(
        &self,
        rec: &mut Recorder,
        chunk: &Chunk,
        sorted: &SortedTerms,
        sums: u32,
        clip_value: f32,
    ) -> Result<Option<Partials>> {
        let (ctx, len) = (rec.context(), chunk.ids);
        let windows = &self.store.plan().windows[chunk.windows.clone()];
        let short = |limit: u32| {
            let loops = |window: &Window| row_loops(Shape::Serial, widest(&window.parts), sums, false, len);
            windows.iter().map(loops).max().unwrap_or(0) <= limit.into()
        };
        if ctx.shape() == Shape::Serial && ctx.loop_limit().is_none_or(short) {
            return Ok(None);
        }
        let parts = self.parts(rec, chunk, chunk.windows.clone(), |_| 0)?;
        let vec4 = sorted.bound.vec4() && windows.iter().all(|window| window.vec4);
        Partials::record(rec, parts, sorted, len, chunk.none_key(), vec4, clip_value)
    }
}
