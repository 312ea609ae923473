//! Fused backward: the gradient of the output to updated rows, exact and deterministic.
//!
//! Each id becomes a key (its row) and a term (where its gradient lies, and by what it is multiplied). Sorted by key,
//! the terms of a row lie together; one writer sums them in a fixed order and applies the optimizer.

use std::ops::Range;

use super::chunk::{Chunk, Member};
use super::forward::weights_or_unused;
use super::gradient::{Bound, Gradient};
use super::{EmbeddingBags, JaggedBatch, Pooling};
use crate::cpu::random_word;
use crate::device::{Buffer, Matrix, Recorder};
use crate::kernel::{Dispatch, Shape};
use crate::kernels::feature::{Feature, POOL_NONE};
use crate::kernels::part::{PIECE, lanes_for};
use crate::kernels::{gather_terms, occurrences, row_update, segment_partials, weight_grad};
use crate::optimizer::Optimizer;
use crate::sort::sort_by_key;
use crate::table::{Part, Precision, table_seed};
use crate::{Error, Result};

/// Keys and terms of a chunk's ids, in the order of the batch.
struct Occurrences {
    keys: Buffer,
    terms: Buffer,
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
    /// # Errors
    /// As [`EmbeddingBags::backward`].
    pub fn record_backward(&mut self, rec: &mut Recorder, batch: &JaggedBatch, grad: &Matrix) -> Result<()> {
        self.check_matrix(batch, grad, "grad")?;
        let gradient = Gradient::of_matrix(rec.context(), &self.schema, grad)?;
        rec.whole(|rec| self.update(rec, batch, gradient))
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
        rec.whole(|rec| self.update(rec, batch, gradient))
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
                let looked_at = whole.members.iter().filter(|member| member.looked_at);
                looked_at.map(|member| whole.clone().single(member.feature)).collect()
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
                rows_type: window.precision.code(),
            };
            let bindings = vec![
                parts.buffer,
                found.keys.clone(),
                found.terms.clone(),
                bound.buffer.clone(),
                self.store.weights(w).clone(),
                out.clone(),
            ];
            let any = window.precision != Precision::F32;
            let variant = weight_grad::variant(window.vec4 && bound.vec4(), any, shape);
            let groups = weight_grad::groups(shape, len, params.lanes);
            rec.dispatch(Dispatch::new(&weight_grad::KERNEL, variant, &params, bindings, groups));
        }
        Ok(())
    }

    fn update(&mut self, rec: &mut Recorder, batch: &JaggedBatch, gradient: Gradient) -> Result<()> {
        let Some(optimizer) = self.optimizer else {
            return Err(Error::invalid("optimizer", "one, for a backward", "none"));
        };
        self.same_context(rec, "recorder")?;
        batch.guard(rec);
        let gradient = &self.spread_maxima(rec, batch, gradient)?;
        let step = self.steps.saturating_add(1);
        let scheduled = optimizer.with_lr(optimizer.lr() * self.schedule.factor(step));
        let update = Update { optimizer, step, params: self.rules.params(scheduled.params(step)) };
        for chunk in Chunk::all(self.store.plan(), &batch.inner, gradient) {
            rec.scope(|rec| self.update_chunk(rec, batch, gradient, &chunk, &update))?;
        }
        self.steps = step;
        Ok(())
    }

    fn update_chunk(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        gradient: &Gradient,
        chunk: &Chunk,
        update: &Update,
    ) -> Result<()> {
        let len = chunk.ids;
        let bound = gradient.bind(rec, chunk)?;
        let found = self.occurrences(rec, batch, &bound, chunk, true)?;
        let bits = u32::BITS - chunk.none_key().max(1).leading_zeros();
        let sorted = sort_by_key(rec, &found.keys, len, bits)?;
        let terms = rec.scratch("embag.sorted_terms", u64::from(len) * 8)?;
        let bindings = vec![sorted.positions, found.terms, terms.clone()];
        let params = gather_terms::Params { len };
        rec.dispatch(Dispatch::threads(&gather_terms::KERNEL, 0, &params, bindings, len));
        let partials = self.partials(rec, chunk, &bound, &sorted.keys, &terms, update)?;
        for w in chunk.windows.clone() {
            if batch.misses(w) {
                continue;
            }
            let window = &self.store.plan().windows[w];
            let parts = self.parts(rec, chunk, w..w + 1, |part| self.random_of(part.table, update.step))?;
            let (keys, lanes) = (window.keys(), parts.lanes);
            let shape = self.update_shape(rec, w, partials.is_some(), len)?;
            let params = row_update::Params {
                len,
                parts: parts.count,
                key_begin: chunk.key(keys.start),
                key_end: chunk.key(keys.end),
                lanes,
                split: u32::from(partials.is_some()),
                stride: partials.as_ref().map_or(0, |partials| partials.stride),
                table_type: window.precision.code(),
                ..update.params
            };
            let unused = rec.scratch("embag.unused", 16)?;
            let bindings = vec![
                parts.buffer,
                sorted.keys.clone(),
                terms.clone(),
                bound.buffer.clone(),
                partials.as_ref().map_or(unused, |partials| partials.buffer.clone()),
                self.store.weights(w).clone(),
                self.store.state(w).clone(),
            ];
            let choice = row_update::Choice {
                optimizer: update.optimizer.index(),
                vec4: window.vec4 && bound.vec4(),
                whole: window.parts.iter().all(|part| part.dim.is_multiple_of(16)),
                any: window.precision != Precision::F32 || self.rules.extras(),
            };
            let variant = choice.variant(shape);
            let groups = row_update::groups(shape, len, lanes);
            rec.dispatch(Dispatch::new(&row_update::KERNEL, variant, &params, bindings, groups));
        }
        Ok(())
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
            .map(|(&Member { feature, shift, looked_at }, (&(out_base, out_stride), &spread))| {
                let spec = &self.schema.features[feature];
                Feature {
                    index: count(feature),
                    dim: spec.shape.dim,
                    rows: if looked_at { spec.shape.rows } else { 0 },
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
        let bags = batch.inner.batch * count(features.len());
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

    /// What the random numbers of a table are made of in a step.
    fn random_of(&self, table: usize, step: u32) -> u32 {
        random_word(table_seed(self.seed, table), step, u32::MAX)
    }

    /// The chunk's parts of windows, uploaded.
    fn parts(
        &self,
        rec: &mut Recorder,
        chunk: &Chunk,
        windows: Range<usize>,
        random: impl Fn(&Part) -> u32,
    ) -> Result<Parts> {
        let parts = chunk.parts(self.store.plan(), windows, random);
        let widest = parts.iter().map(|part| part.dim).max().unwrap_or(1);
        let buffer = rec.scratch_from("embag.parts", &parts)?;
        Ok(Parts { buffer, count: count(parts.len()), widest, lanes: lanes_for(widest) })
    }

    /// Loop iterations of the thread that updates a row of a window, if all ids are that row.
    fn update_loops(&self, window: usize, shape: Shape, split: bool, len: u32) -> u64 {
        let parts = &self.store.plan().windows[window].parts;
        let dim = parts.iter().map(|part| part.dim).max().unwrap_or(1);
        let optimizer = self.optimizer.map_or(0, |optimizer| optimizer.index());
        let steps = row_update::steps(shape, dim, optimizer, self.rules.sums());
        let (len, piece) = (u64::from(len), u64::from(PIECE));
        // the sums of pieces, or each piece's own terms and their end
        let walk = if split { len.div_ceil(piece) } else { len + 2 * len.div_ceil(piece) };
        // and the last piece; and before all that the search for the segment's end
        u64::from(steps) * (walk + 2 * piece) + 2 * piece
    }

    /// The shape of kernel that updates a window: the device's own, unless one thread's loops could become too long.
    fn update_shape(&self, rec: &Recorder, window: usize, split: bool, len: u32) -> Result<Shape> {
        let ctx = rec.context();
        let Some(limit) = ctx.loop_limit().map(u64::from) else { return Ok(ctx.shape()) };
        let fits = |&shape: &Shape| self.update_loops(window, shape, split, len) <= limit;
        [ctx.shape(), Shape::Wide].into_iter().find(fits).ok_or_else(|| {
            Error::invalid("batch", "fewer ids: all of one row would be too many for a software adapter", len)
        })
    }

    /// The sums of the pieces of long segments; `None` where one thread walks a row's terms, or if the pieces do not
    /// fit a binding.
    fn partials(
        &self,
        rec: &mut Recorder,
        chunk: &Chunk,
        bound: &Bound,
        keys: &Buffer,
        terms: &Buffer,
        update: &Update,
    ) -> Result<Option<Partials>> {
        let (ctx, len) = (rec.context(), chunk.ids);
        let short = |limit: u32| {
            let most = chunk.windows.clone().map(|w| self.update_loops(w, Shape::Serial, false, len)).max();
            most.unwrap_or(0) <= limit.into()
        };
        if ctx.shape() == Shape::Serial && ctx.loop_limit().is_none_or(short) {
            return Ok(None);
        }
        let parts = self.parts(rec, chunk, chunk.windows.clone(), |_| 0)?;
        let stride = parts.widest.div_ceil(4);
        let bytes = u64::from(segment_partials::pieces(len)) * u64::from(stride) * 16;
        if bytes > rec.context().limits().binding {
            return Ok(None);
        }
        let buffer = rec.scratch("embag.partials", bytes)?;
        let none_key = chunk.none_key();
        let lanes = parts.lanes;
        let clip_value = update.params.clip_value;
        let params =
            segment_partials::Params { len, parts: parts.count, none_key, lanes, stride, clip_value };
        let windows = &self.store.plan().windows[chunk.windows.clone()];
        let vec4 = bound.vec4() && windows.iter().all(|window| window.vec4);
        let variant = if vec4 { segment_partials::VEC4 } else { segment_partials::SCALAR };
        let bindings = vec![parts.buffer, keys.clone(), terms.clone(), bound.buffer.clone(), buffer.clone()];
        let groups = segment_partials::groups(len, lanes);
        rec.dispatch(Dispatch::new(&segment_partials::KERNEL, variant, &params, bindings, groups));
        Ok(Some(Partials { buffer, stride }))
    }
}

/// What is done to all touched rows.
struct Update {
    optimizer: Optimizer,
    step: u32,
    params: row_update::Params,
}

/// Parts of tables in device memory.
struct Parts {
    buffer: Buffer,
    count: u32,
    /// Columns of the widest, and threads for a row of it.
    widest: u32,
    lanes: u32,
}

struct Partials {
    buffer: Buffer,
    stride: u32,
}

/// Sizes within a binding are below 2^32.
fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
