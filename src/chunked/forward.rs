//! Pooled rows of a batch.

use std::ops::Range;

use super::ChunkedBatch;
use super::lookup::Lookup;
use crate::bag::{Outputs, Pooling, matrices_for, matrix_for};
use crate::cast::record_round;
use crate::device::{Buffer, Context, Dispatch, Matrix, Place, Precision, Recorder};
use crate::directory::together;
use crate::kernel::Shape;
use crate::kernels::chunk_forward::{ChunkFeature, Way};
use crate::kernels::chunk_lists::{LIST_WORDS, WINDOWS};
use crate::kernels::feature::NONE;
use crate::kernels::{chunk_forward, chunk_lists, chunk_pool};
use crate::numbers::narrow;
use crate::table::{Part, RowFormat};
use crate::{Error, Result};

/// A feature of a batch, where its columns begin in the output, and where lists of its ids.
struct Placed {
    feature: usize,
    column: u32,
    first_id: u32,
    lists_base: u32,
}

/// Examples from one on, and the rows of the output for them, which fit a binding.
struct Rows<'a> {
    batch: &'a ChunkedBatch,
    /// The features whose columns the output holds, each with its first column.
    features: &'a [(usize, u32)],
    first: usize,
    count: u32,
    out: Place,
    /// The ids' rows; behind them the per-sample weights, from this element on, if it is not 0.
    ids: &'a Buffer,
    weights: u32,
    /// Whether each id is one by itself, whatever the feature's pooling.
    each: bool,
}

/// The rows of a batch's ids, and behind them the per-sample weights.
pub(super) struct WeightedIds {
    ids: Buffer,
    /// The element where the weights begin, or 0.
    weights: u32,
}

impl WeightedIds {
    fn new(rec: &mut Recorder, batch: &ChunkedBatch) -> Result<Self> {
        let inner = &batch.inner.inner;
        let Some(weights) = inner.weights.as_ref().filter(|weights| weights.size() > 0) else {
            return Ok(Self::unweighted(batch));
        };
        // a kernel has no binding left for them
        let bytes = weights.size();
        let ids = rec.scratch("embag.weighted_ids", 2 * bytes)?;
        rec.copy(&inner.ids_buffer, &ids.part(0, bytes))?;
        rec.copy(weights, &ids.part(bytes, bytes))?;
        Ok(Self { ids, weights: inner.ids })
    }

    pub(super) fn unweighted(batch: &ChunkedBatch) -> Self {
        Self { ids: batch.inner.inner.ids_buffer.clone(), weights: 0 }
    }
}

/// Features that one dispatch looks up, whose slots lie in one buffer.
struct Group {
    slots: Buffer,
    features: Buffer,
    count: u32,
    /// Threads.
    work: u32,
}

impl Lookup {
    /// The pooled rows of a batch in one matrix; waits until it is done.
    pub(super) fn forward(&self, batch: &ChunkedBatch) -> Result<Matrix> {
        let out = matrix_for(self.context(), self.schema(), &batch.inner, self.output_precision)?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, (&out).into())?;
        rec.run()?;
        Ok(out)
    }

    /// The pooled rows of a batch in a matrix for each feature; waits until it is done.
    pub(super) fn forward_features(&self, batch: &ChunkedBatch) -> Result<Vec<Matrix>> {
        let outs = matrices_for(self.context(), self.schema(), &batch.inner, self.output_precision)?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, (&outs).into())?;
        rec.run()?;
        Ok(outs)
    }

    /// Records the lookup of a batch.
    pub(super) fn record_forward(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        out: Outputs<'_>,
    ) -> Result<()> {
        out.check(self.schema(), &batch.inner, "out")?;
        self.store.same_context(rec)?;
        batch.inner.guard(rec);
        if batch.is_empty() {
            return Ok(());
        }
        rec.whole(|rec| {
            let ids = WeightedIds::new(rec, batch)?;
            for (out, features) in out.placed(&batch.inner) {
                if out.precision == Precision::F32 {
                    self.pool_features(rec, batch, &ids, &out, &features)?;
                } else {
                    // not scratch, which must fit a binding
                    let whole = Matrix::output(Precision::F32, rec.context(), out.rows, out.cols)?;
                    self.pool_features(rec, batch, &ids, &whole, &features)?;
                    record_round(rec, &whole, &out)?;
                }
            }
            Ok(())
        })
    }

    /// Records the pooling of some features into a matrix, from the columns on that are given with each.
    fn pool_features(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        ids: &WeightedIds,
        out: &Matrix,
        features: &[(usize, u32)],
    ) -> Result<()> {
        let is_max = |(feature, _): &(usize, u32)| self.feature(*feature).pooling == Pooling::Max;
        let (maxima, features): (Vec<_>, Vec<_>) = features.iter().copied().partition(is_max);
        if !features.is_empty() {
            self.pool_rows(rec, batch, out, &features, ids, false)?;
        }
        for (feature, column) in maxima {
            let dim = self.feature(feature).shape.dim as usize;
            let out = out.columns(column as usize, dim)?;
            rec.scope(|rec| self.record_max(rec, batch, feature, &out))?;
        }
        Ok(())
    }

    /// Records what `pool_features` does for sums, means and sequences; `each` takes every id for itself.
    pub(super) fn pool_rows(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        out: &Matrix,
        features: &[(usize, u32)],
        ids: &WeightedIds,
        each: bool,
    ) -> Result<()> {
        let ctx = self.context();
        let at_once = out.rows_at_once(ctx);
        for first in (0..out.rows()).step_by(at_once) {
            let out = out.row_part(first, at_once.min(out.rows() - first));
            // bags and ids are counted by a `u32`
            let (count, out) = (narrow(out.rows()), out.place(ctx, "out")?);
            let WeightedIds { ids, weights } = ids;
            let rows = Rows { batch, features, first, count, out, ids, weights: *weights, each };
            if self.listed(ctx, &rows) {
                rec.scope(|rec| self.pool_by_lists(rec, &rows))?;
            } else {
                self.pool(rec, &rows)?;
            }
        }
        Ok(())
    }

    /// Records the pooling of rows window by window: each goes through all ids.
    fn pool(&self, rec: &mut Recorder, rows: &Rows<'_>) -> Result<()> {
        let shape = rec.context().shape();
        let format = RowFormat::from(self.slot().precision);
        let way = Way::of(shape, self.width);
        let variant = chunk_forward::variant(way, rows.vec4(), format != RowFormat::F32);
        // what a processor's caches hold of a feature serves its next window; GPUs want all the work there is
        let at_a_time = if shape == Shape::Serial && self.parts().count() > 1 { 1 } else { usize::MAX };
        for Group { slots, features, count, work } in
            self.groups(rec, rows, self.width / way.columns(), at_a_time, 0)?
        {
            for (w, part) in self.parts() {
                let params = chunk_forward::Params {
                    features: count,
                    work,
                    bags: rows.count,
                    out_stride: rows.out.stride,
                    width: self.width,
                    first_slot: part.first_row,
                    slots: part.rows,
                    base: part.base,
                    initial: u32::from(w == 0),
                    weights: rows.weights,
                    store_type: format.code(),
                };
                let batch = &rows.batch.inner.inner;
                let bindings = chunk_forward::Bindings {
                    status: batch.status.clone(),
                    features: features.clone(),
                    offsets: batch.offsets.clone(),
                    rows: rows.ids.clone(),
                    slots: slots.clone(),
                    store: self.store.tables().weights(w).clone(),
                    out: rows.out.binding.clone(),
                };
                let dispatch = Dispatch::threads(variant, &params, bindings, work);
                let [slots, chunks] = self.bytes_of(batch.ids);
                rec.dispatch(dispatch.touching("slots", slots).touching("store", chunks));
            }
        }
        Ok(())
    }

    /// Whether ids are put into lists by windows first. Software adapters execute both sides of a condition,
    /// and so look every chunk up in every window.
    fn listed(&self, ctx: &Context, rows: &Rows<'_>) -> bool {
        // lists know neither weights nor padding ids nor 16 bits, and are of bags
        let plain = |&(feature, _): &(usize, u32)| {
            let spec = self.feature(feature);
            spec.raw_padding == NONE && spec.pooling != Pooling::None
        };
        if self.slot().precision != Precision::F32
            || rows.weights > 0
            || rows.each
            || !rows.features.iter().all(plain)
        {
            return false;
        }
        let words = self.list_words(rows) + self.list_entries(rows.batch) * WINDOWS as u64;
        ctx.shape() == Shape::Serial
            && !ctx.is_cpu()
            && self.parts().count() > 1
            && self.width.is_multiple_of(16)
            && words * 4 <= ctx.limits().binding
    }

    /// Records the pooling of rows from lists of the slots of each window.
    fn pool_by_lists(&self, rec: &mut Recorder, rows: &Rows<'_>) -> Result<()> {
        let batch = &rows.batch.inner.inner;
        let entries = self.list_entries(rows.batch);
        let lists =
            rec.scratch("embag.chunk_lists", (self.list_words(rows) + entries * WINDOWS as u64) * 4)?;
        // they fit a binding
        let (entries, lists_end) = (narrow(entries), narrow(self.list_words(rows)));
        let parts: Vec<(usize, &Part)> = self.parts().collect();
        for Group { slots, features, count, work } in self.groups(rec, rows, 1, usize::MAX, lists_end)? {
            for windows in parts.chunks(WINDOWS) {
                let (first, last) = (windows[0], windows[windows.len() - 1]);
                let params = chunk_lists::Params {
                    features: count,
                    bags: rows.count,
                    chunks: work / rows.count,
                    out_stride: rows.out.stride,
                    width: self.width,
                    first_slot: first.1.first_row,
                    slots: last.1.first_row + last.1.rows - first.1.first_row,
                    window_slots: first.1.rows,
                    entries,
                };
                let bindings = chunk_lists::Bindings {
                    status: batch.status.clone(),
                    features: features.clone(),
                    offsets: batch.offsets.clone(),
                    rows: batch.ids_buffer.clone(),
                    slots: slots.clone(),
                    lists: lists.clone(),
                };
                // lists of all chunks fit a binding
                let threads = chunk_lists::threads(&params).unwrap_or(u32::MAX);
                rec.dispatch(Dispatch::threads(0, &params, bindings, threads));
                let work = work * (self.width / 16);
                let params =
                    chunk_pool::Params { work, width: self.width, entries, initial: u32::from(first.0 == 0) };
                // where there are fewer, lists of the others are empty
                let store = |window: usize| {
                    let (w, _) = windows.get(window).unwrap_or(&first);
                    self.store.tables().weights(*w).clone()
                };
                let bindings = chunk_pool::Bindings {
                    status: batch.status.clone(),
                    lists: lists.clone(),
                    store_0: store(0),
                    store_1: store(1),
                    store_2: store(2),
                    store_3: store(3),
                    out: rows.out.binding.clone(),
                };
                let variant = chunk_pool::variant(rows.vec4());
                let dispatch = Dispatch::threads(variant, &params, bindings, work);
                let [_, chunks] = self.bytes_of(batch.ids);
                let stores = ["store_0", "store_1", "store_2", "store_3"];
                rec.dispatch(stores.iter().fold(dispatch, |all, store| all.touching(store, chunks / 4)));
            }
        }
        Ok(())
    }

    /// Words of the lists' own, one list for each chunk of each bag.
    fn list_words(&self, rows: &Rows<'_>) -> u64 {
        let chunks: u64 = self.schema().all().map(|f| u64::from(self.chunks_of(f))).sum();
        chunks * u64::from(rows.count) * u64::from(LIST_WORDS)
    }

    /// Chunks of all ids of a batch: the entries of a window.
    fn list_entries(&self, batch: &ChunkedBatch) -> u64 {
        let of_feature =
            |(f, ids): (usize, Range<u32>)| u64::from(ids.end - ids.start) * u64::from(self.chunks_of(f));
        batch.ranges().into_iter().enumerate().map(of_feature).sum()
    }

    /// Bytes of the slots and of the chunks of so many ids, at most.
    fn bytes_of(&self, ids: u32) -> [u64; 2] {
        let chunks = self.tables.iter().map(|table| u64::from(table.chunks)).max().unwrap_or(0);
        let all = u64::from(ids) * chunks;
        [all * 4, all * u64::from(self.width) * self.slot().precision.bytes() as u64]
    }

    fn chunks_of(&self, feature: usize) -> u32 {
        self.tables[self.feature(feature).table].chunks
    }

    /// The features of a batch by the buffer that their slots lie in, with `threads` threads for each chunk
    /// of a bag; `lists_end` is where the entries of lists begin, if there are any.
    fn groups(
        &self,
        rec: &mut Recorder,
        rows: &Rows<'_>,
        threads: u32,
        at_a_time: usize,
        lists_end: u32,
    ) -> Result<Vec<Group>> {
        // entries come behind the lists, if there are any
        let mut entries = lists_end;
        let placed = rows.batch.ranges().into_iter().enumerate().filter_map(|(feature, ids)| {
            let chunks = self.chunks_of(feature);
            // only differences count: sums may wrap around
            let lists_base = entries.wrapping_sub(ids.start.wrapping_mul(chunks));
            entries = entries.wrapping_add((ids.end - ids.start).wrapping_mul(chunks));
            let &(_, column) = rows.features.iter().find(|(there, _)| *there == feature)?;
            Some(Placed { feature, column, first_id: ids.start, lists_base })
        });
        let slots = |placed: &Placed| self.tables[self.feature(placed.feature).table].slots.clone();
        let mut all = Vec::new();
        for (whole, placed) in together(placed, slots) {
            for placed in placed.chunks(at_a_time.min(placed.len()).max(1)) {
                let mut work = 0u32;
                let mut features = Vec::new();
                for of in placed {
                    let chunks = self.chunks_of(of.feature);
                    let pooling = match self.feature(of.feature).pooling {
                        _ if rows.each => Pooling::None,
                        pooling => pooling,
                    };
                    let first_bag = match pooling {
                        Pooling::None => of.first_id as usize,
                        _ => of.feature * rows.batch.len(),
                    };
                    features.push(ChunkFeature {
                        work_begin: work,
                        // bags and ids are counted by a `u32`, and a binding has fewer words
                        first_bag: narrow(first_bag + rows.first),
                        chunks,
                        pooling: pooling.code(),
                        slots_base: narrow(slots(of).offset / 4),
                        out_base: rows.out.base + of.column,
                        lists_base: of.lists_base,
                    });
                    let more = rows.count.checked_mul(chunks * threads);
                    let Some(sum) = more.and_then(|more| work.checked_add(more)) else {
                        return Err(Error::invalid(
                            "batch",
                            "fewer than 2^32 columns of all features",
                            rows.count,
                        ));
                    };
                    work = sum;
                }
                // there are fewer than columns
                let count = narrow(features.len());
                let features = rec.scratch_from("embag.features", &features)?;
                all.push(Group { slots: whole.clone(), features, count, work });
            }
        }
        Ok(all)
    }
}

impl Rows<'_> {
    /// Whether features begin at multiples of four elements in every row: they begin at whole chunks.
    fn vec4(&self) -> bool {
        self.out.vec4 && self.out.base.is_multiple_of(4)
    }
}
