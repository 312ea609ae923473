//! Lookup and pooling of all features.

use super::outputs::{matrices_for, matrix_for};
use super::{EmbeddingBags, FeatureSpec, JaggedBatch, Outputs, Pooling};
use crate::cast::record_round;
use crate::device::{Buffer, Context, Dispatch, Matrix, Precision, Recorder};
use crate::kernel::Shape;
use crate::kernels::bag_forward::{Bindings, Params, columns, is_plain, plain_variant, variant};
use crate::kernels::feature::Feature;
use crate::numbers::narrow;
use crate::table::{Part, RowFormat, TableStore, Window};
use crate::{Error, Result};

/// One output matrix and the features whose columns it holds, each with its first column.
type Target = (Matrix, Vec<(usize, u32)>);

impl EmbeddingBags {
    /// Looks up and pools every feature: `[batch, sum of dims]`, features side by side, of the precision that
    /// [`EmbeddingBagsBuilder::output_precision`](crate::bag::EmbeddingBagsBuilder::output_precision) says.
    /// Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a feature is a sequence or has another number of examples (see
    /// [`EmbeddingBags::forward_features`]), or the batch was built for other bags; the batch's own errors if
    /// it is a bad device batch.
    pub fn forward(&self, batch: &JaggedBatch) -> Result<Matrix> {
        let out = matrix_for(self.context(), &self.schema, batch, self.output_precision)?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Looks up every feature into a matrix of its own: `[examples, dim]` if it is pooled, `[ids, dim]` if it
    /// is a sequence. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`]; sequences of device batches need counts.
    pub fn forward_features(&self, batch: &JaggedBatch) -> Result<Vec<Matrix>> {
        let outs = matrices_for(self.context(), &self.schema, batch, self.output_precision)?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, &outs)?;
        rec.run()?;
        Ok(outs)
    }

    /// Records the lookup into one matrix, or one for each feature, which may be parts of wider ones. Sums
    /// are made in `f32`; for outputs of 16 bits they are rounded once, to the nearest.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`], and [`Error::InvalidArgument`] if `out` has not the outputs' shape.
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()> {
        let out = out.into();
        out.check(&self.schema, batch, "out")?;
        self.store.same_context(rec)?;
        batch.guard(rec);
        let tables = self.store.tables();
        let plan = tables.plan();
        // a feature's table has one part at most in a window
        let round = |(w, window): (usize, &Window)| {
            let place = |spec: &FeatureSpec| {
                let part = window.parts.iter().find(|part| part.table == spec.table)?;
                Some(Place::of(part, plan.first_window[spec.table] == w))
            };
            let of_feature = |(f, spec)| place(spec).map(|place| (f, place));
            let places = self.schema.features.iter().enumerate().filter_map(of_feature);
            Round { window: w, places: places.collect() }
        };
        let rounds = plan.windows.iter().enumerate().map(round).collect();
        RowLookup { tables, batch, rounds }.record(rec, &out)
    }
}

/// Where rows of a feature lie, in one window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    first_row: u32,
    rows: u32,
    base: u32,
    stride: u32,
    dim: u32,
    /// Whether the output is written, rather than added to.
    initial: bool,
}

impl Place {
    /// A part of a table that batches name by rows.
    fn of(part: &Part, initial: bool) -> Self {
        let Part { first_row, rows, base, stride, dim, .. } = *part;
        Self { first_row, rows, base, stride, dim, initial }
    }

    /// A part of a table that batches name by keys.
    pub(crate) fn by_key(part: &Part, initial: bool) -> Self {
        Self { first_row: part.key_first, ..Self::of(part, initial) }
    }
}

/// What is looked up at once: a place of each feature, all in one window.
pub(crate) struct Round {
    pub(crate) window: usize,
    pub(crate) places: Vec<(usize, Place)>,
}

/// The lookup of a batch, one round after the other.
pub(crate) struct RowLookup<'a> {
    pub(crate) tables: &'a TableStore,
    pub(crate) batch: &'a JaggedBatch,
    pub(crate) rounds: Vec<Round>,
}

impl RowLookup<'_> {
    /// Records it into outputs that were checked.
    pub(crate) fn record(&self, rec: &mut Recorder, out: &Outputs<'_>) -> Result<()> {
        rec.whole(|rec| {
            let (direct, rounded): (Vec<_>, Vec<_>) =
                out.placed(self.batch).into_iter().partition(|target| self.written_directly(target));
            self.targets(rec, &direct)?;
            for (out, features) in rounded {
                // not scratch, which must fit a binding
                let whole = Matrix::output(Precision::F32, rec.context(), out.rows, out.cols)?;
                self.targets(rec, &[(whole.clone(), features)])?;
                record_round(rec, &whole, &out)?;
            }
            Ok(())
        })
    }

    /// Whether lookups can write an output: of 16 bits, a value that is added up over windows must not be
    /// rounded in between, and words not be shared.
    fn written_directly(&self, (out, features): &Target) -> bool {
        let once = |f: usize| {
            self.rounds.iter().flat_map(|round| &round.places).filter(|(of, _)| *of == f).count() == 1
        };
        out.precision == Precision::F32
            || features.iter().all(|&(f, column)| {
                let dim = self.batch.inner.schema.features[f].shape.dim;
                once(f) && column % 2 == 0 && dim.is_multiple_of(2)
            })
    }

    fn targets(&self, rec: &mut Recorder, targets: &[Target]) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        for target in targets {
            let (out, _) = target;
            let at_once = rows_per_binding(rec, (out.stride.max(1) * out.precision.bytes()) as u64)?;
            let mut begin = 0;
            while begin < out.rows {
                let end = out.rows.min(begin + at_once);
                self.rows(rec, target, begin, end)?;
                begin = end;
            }
        }
        Ok(())
    }

    /// The output rows `begin..end` of a target: they fit one binding.
    fn rows(&self, rec: &mut Recorder, target: &Target, begin: usize, end: usize) -> Result<()> {
        let batch = self.batch;
        let schema = &*batch.inner.schema;
        let (Matrix { buffer, cols, stride, precision, .. }, features) = target;
        let (cols, stride, precision) = (*cols, *stride, *precision);
        let size = precision.bytes() as u64;
        // rows of 16-bit values end with a whole word
        let bytes = (((end - begin - 1) * stride + cols) as u64 * size).next_multiple_of(4);
        let (out, base) = buffer.part((begin * stride) as u64 * size, bytes).bindable(rec.context());
        let (base, stride) = (narrow(base * (4 / size)), narrow(stride as u64));
        let rows = narrow(end as u64) - narrow(begin as u64);
        for Round { window: w, places } in &self.rounds {
            let window = &self.tables.plan().windows[*w];
            let mut vectors = Work::default();
            let mut scalars = Work::default();
            for &(f, column) in features {
                let spec = &schema.features[f];
                let Some(&(_, place)) = places.iter().find(|(of, _)| *of == f) else { continue };
                if !place.initial && batch.misses(*w) {
                    continue;
                }
                let out_base = base + column;
                let vec4 = window.vec4 && out_base % 4 == 0 && stride % 4 == 0;
                let longest = if spec.pooling == Pooling::None { 1 } else { batch.inner.longest };
                let lanes = lanes(rec.context(), place.dim, rows, longest);
                let feature = Feature {
                    index: narrow(f as u64),
                    lanes,
                    dim: place.dim,
                    rows: spec.shape.rows,
                    padding: spec.padding,
                    pooling: spec.pooling.code(),
                    window_first: place.first_row,
                    window_rows: place.rows,
                    window_base: place.base,
                    window_stride: place.stride,
                    initial: u32::from(place.initial),
                    out_base,
                    out_stride: stride,
                    ..Feature::default()
                };
                if vec4 { &mut vectors } else { &mut scalars }.push(feature, rows)?;
            }
            for (work, vec4) in [(vectors, true), (scalars, false)] {
                if work.features.is_empty() {
                    continue;
                }
                let params = Params {
                    batch: batch.inner.batch,
                    features: narrow(work.features.len() as u64),
                    work: work.threads,
                    row_begin: narrow(begin as u64),
                    row_end: narrow(end as u64),
                    weighted: u32::from(batch.inner.weights.is_some()),
                    rows_type: window.format.code(),
                    out_type: precision.code(),
                    pruned: u32::from(schema.pruned),
                    initial: work.features.iter().all(|feature| feature.initial == 1).into(),
                };
                let bindings = Bindings {
                    status: batch.inner.status.clone(),
                    features: rec.scratch_from("embag.features", &work.features)?,
                    offsets: batch.inner.offsets.clone(),
                    ids: batch.inner.ids_buffer.clone(),
                    weights: weights_or_unused(rec, batch)?,
                    rows: self.tables.weights(*w).clone(),
                    out: out.clone(),
                };
                let shape = rec.context().shape();
                let f32s = [window.format, precision.into()] == [RowFormat::F32; 2];
                let plain = vec4
                    && f32s
                    && shape == Shape::Serial
                    && !schema.pruned
                    && work.features.iter().all(is_plain);
                let weighted = batch.inner.weights.is_some();
                let variant = match plain {
                    true => plain_variant(weighted, batch.inner.longest),
                    false => variant(vec4, [params.rows_type, params.out_type], rec.context().in_flight()),
                };
                let rows = window.bytes_of_rows(batch.inner.ids);
                rec.dispatch(
                    Dispatch::threads(variant, &params, bindings, work.threads).touching("rows", rows),
                );
            }
        }
        Ok(())
    }
}

/// The features of one dispatch.
#[derive(Default)]
struct Work {
    features: Vec<Feature>,
    threads: u32,
}

impl Work {
    fn push(&mut self, feature: Feature, rows: u32) -> Result<()> {
        let threads = rows.checked_mul(feature.lanes).and_then(|more| self.threads.checked_add(more));
        let Some(threads) = threads else {
            return Err(Error::invalid("batch", "fewer than 2^32 / 4 output columns in one matrix", "more"));
        };
        self.features.push(Feature { work_begin: self.threads, ..feature });
        self.threads = threads;
        Ok(())
    }
}

/// Threads for an output row: a lane for every four columns on real GPUs; on software adapters whole rows,
/// unless there are too few of them to keep its threads busy, or walking the longest bag once for every
/// sixteen columns would be too much for one thread's loops.
fn lanes(ctx: &Context, dim: u32, rows: u32, longest: u32) -> u32 {
    let shape = ctx.shape();
    let blocks = dim.div_ceil(columns(shape));
    let lanes = match shape {
        Shape::Serial | Shape::Any if rows >= 64 => 1,
        _ => blocks,
    };
    let Some(limit) = ctx.loop_limit() else { return lanes };
    // a loop also counts its end
    let walks = u64::from(limit) / (u64::from(longest) + 2);
    // below the blocks, which are a `u32`
    let needed = u32::try_from(u64::from(blocks).div_ceil(walks.max(1))).unwrap_or(blocks);
    lanes.max(needed)
}

/// How many rows of this size in bytes one binding can hold.
fn rows_per_binding(rec: &Recorder, row: u64) -> Result<usize> {
    let ctx = rec.context();
    // what is lost to the alignment of the first row
    let limit = ctx.limits().binding - ctx.limits().alignment;
    if row > limit {
        return Err(Error::LimitExceeded {
            what: "a row of the output".to_owned(),
            needed: row,
            limit,
            hint: "use a matrix for each feature",
        });
    }
    Ok(usize::try_from(limit / row.max(1)).unwrap_or(usize::MAX))
}

/// The per-sample weights; something to bind if there are none.
pub(super) fn weights_or_unused(rec: &mut Recorder, batch: &JaggedBatch) -> Result<Buffer> {
    match &batch.inner.weights {
        Some(weights) => Ok(weights.clone()),
        None => rec.scratch("embag.unused", 4),
    }
}
