//! Lookup and pooling of all features.

use super::{EmbeddingBags, JaggedBatch, Pooling};
use crate::device::Precision;
use crate::device::{Buffer, Context, HalfMatrix, Matrix, Recorder};
use crate::kernel::{Dispatch, Shape};
use crate::kernels::bag_forward::{Bindings, Params, columns, is_plain, plain_variant, variant};
use crate::kernels::feature::Feature;
use crate::kernels::round_rows;
use crate::numbers::narrow;
use crate::table::{RowFormat, Window};
use crate::{Error, Result};

/// One output matrix and the features whose columns it holds, each with its first column.
pub(super) struct Target {
    buffer: Buffer,
    rows: usize,
    cols: usize,
    stride: usize,
    precision: Precision,
    features: Vec<(usize, u32)>,
}

impl Target {
    fn new(matrix: &Matrix, features: Vec<(usize, u32)>) -> Self {
        let Matrix { buffer, rows, cols, stride } = matrix.clone();
        Self { buffer, rows, cols, stride, precision: Precision::F32, features }
    }

    fn half(matrix: &HalfMatrix, features: Vec<(usize, u32)>) -> Self {
        let HalfMatrix { buffer, rows, cols, precision } = matrix.clone();
        Self { buffer, rows, cols, stride: matrix.stride(), precision, features }
    }
}

impl EmbeddingBags {
    /// Looks up and pools every feature: `[batch, sum of dims]`, features side by side. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a feature is a sequence (see [`EmbeddingBags::forward_features`]), or the batch
    /// was built for other bags; the batch's own errors if it is a bad device batch.
    pub fn forward(&self, batch: &JaggedBatch) -> Result<Matrix> {
        let out = Matrix::output(self.context(), batch.len(), self.output_cols())?;
        let mut rec = Recorder::new(self.context());
        self.record_forward(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Looks up every feature into a matrix of its own: `[batch, dim]` if it is pooled, `[ids, dim]` if it is a
    /// sequence. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`]; sequences of device batches need counts.
    pub fn forward_features(&self, batch: &JaggedBatch) -> Result<Vec<Matrix>> {
        let outs = self.feature_shapes(batch)?.into_iter();
        let outs = outs.map(|(rows, dim)| Matrix::output(self.context(), rows, dim));
        let outs = outs.collect::<Result<Vec<_>>>()?;
        let mut rec = Recorder::new(self.context());
        self.record_forward_features(&mut rec, batch, &outs)?;
        rec.run()?;
        Ok(outs)
    }

    /// Records [`EmbeddingBags::forward`] into a matrix, which may be a part of a wider one.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`], and [`Error::InvalidArgument`] if `out` is not `[batch, sum of dims]`.
    pub fn record_forward(&self, rec: &mut Recorder, batch: &JaggedBatch, out: &Matrix) -> Result<()> {
        self.check_matrix(batch, out, "out")?;
        let target = Target::new(out, self.columns());
        rec.whole(|rec| self.forward_targets(rec, batch, &[target]))
    }

    /// [`EmbeddingBags::forward`] with outputs of 16 bits, each sum made in `f32` and rounded once, to the nearest. Waits
    /// until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`], and [`Error::InvalidArgument`] if the precision is of 32 bits.
    pub fn forward_half(&self, batch: &JaggedBatch, precision: Precision) -> Result<HalfMatrix> {
        let out = HalfMatrix::output(self.context(), batch.len(), self.output_cols(), precision)?;
        let mut rec = Recorder::new(self.context());
        self.record_forward_half(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`EmbeddingBags::forward_half`] into a matrix.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward_half`], and [`Error::InvalidArgument`] if `out` is not `[batch, sum of dims]`.
    pub fn record_forward_half(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        out: &HalfMatrix,
    ) -> Result<()> {
        self.check_shape(batch, (out.rows(), out.cols()), "out")?;
        rec.whole(|rec| self.forward_half_target(rec, batch, out, self.columns()))
    }

    /// [`EmbeddingBags::forward_features`] with outputs of 16 bits, each sum made in `f32` and rounded once, to the nearest.
    /// Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward_features`], and [`Error::InvalidArgument`] if the precision is of 32 bits.
    pub fn forward_features_half(
        &self,
        batch: &JaggedBatch,
        precision: Precision,
    ) -> Result<Vec<HalfMatrix>> {
        let outs = self.feature_shapes(batch)?.into_iter();
        let outs = outs.map(|(rows, dim)| HalfMatrix::output(self.context(), rows, dim, precision));
        let outs = outs.collect::<Result<Vec<_>>>()?;
        let mut rec = Recorder::new(self.context());
        self.record_forward_features_half(&mut rec, batch, &outs)?;
        rec.run()?;
        Ok(outs)
    }

    /// Records [`EmbeddingBags::forward_features_half`] into one matrix for each feature.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward_features_half`], and [`Error::InvalidArgument`] if a matrix has the wrong shape.
    pub fn record_forward_features_half(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        outs: &[HalfMatrix],
    ) -> Result<()> {
        let shapes: Vec<_> = outs.iter().map(|out| (out.rows(), out.cols())).collect();
        self.check_feature_shapes(batch, &shapes, "outs")?;
        rec.whole(|rec| {
            let mut outs = outs.iter().enumerate();
            outs.try_for_each(|(f, out)| self.forward_half_target(rec, batch, out, vec![(f, 0)]))
        })
    }

    /// Features into the columns of one matrix of 16 bits.
    fn forward_half_target(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        out: &HalfMatrix,
        features: Vec<(usize, u32)>,
    ) -> Result<()> {
        // a value that is added up over windows must not be rounded in between, and words not be shared
        let plan = self.store.tables().plan();
        let direct = features.iter().all(|&(f, column)| {
            let spec = &self.schema.features[f];
            let holds = |window: &&Window| window.parts.iter().any(|part| part.table == spec.table);
            plan.windows.iter().filter(holds).count() == 1
                && column % 2 == 0
                && spec.shape.dim.is_multiple_of(2)
        });
        match direct {
            true => self.forward_targets(rec, batch, &[Target::half(out, features)]),
            false => self.forward_rounded(rec, batch, out, features),
        }
    }

    /// By way of a matrix of `f32`.
    fn forward_rounded(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        out: &HalfMatrix,
        features: Vec<(usize, u32)>,
    ) -> Result<()> {
        let (rows, cols) = (out.rows(), out.cols());
        let words = cols.div_ceil(2);
        let step = rows_per_binding(rec, cols as u64 * 4)?;
        // not scratch, which must fit a binding
        let whole = Matrix::output(rec.context(), rows, cols)?;
        self.forward_targets(rec, batch, &[Target::new(&whole, features)])?;
        for first in (0..rows).step_by(step) {
            let count = step.min(rows - first);
            let place = whole.row_part(first, count).place(rec.context(), "out")?;
            let bytes = (count * words) as u64 * 4;
            let (binding, base) = out.buffer.part((first * words) as u64 * 4, bytes).bindable(rec.context());
            let params = round_rows::Params {
                words: narrow((count * words) as u64),
                row_words: narrow(words as u64),
                cols: narrow(cols as u64),
                source_base: place.base,
                source_stride: place.stride,
                out_base: narrow(base),
                out_type: out.precision().code(),
            };
            let bindings = round_rows::Bindings { source: place.binding, out: binding };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.words));
        }
        Ok(())
    }

    /// All features with their first columns in the one matrix.
    fn columns(&self) -> Vec<(usize, u32)> {
        let mut column = 0;
        let features = self.schema.features.iter().enumerate().map(|(f, spec)| {
            let first = column;
            column += spec.shape.dim;
            (f, first)
        });
        features.collect()
    }

    /// Records [`EmbeddingBags::forward_features`] into one matrix for each feature.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward_features`], and [`Error::InvalidArgument`] if a matrix has the wrong shape.
    pub fn record_forward_features(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        outs: &[Matrix],
    ) -> Result<()> {
        self.check_feature_matrices(batch, outs, "outs")?;
        let targets: Vec<_> =
            outs.iter().enumerate().map(|(f, matrix)| Target::new(matrix, vec![(f, 0)])).collect();
        rec.whole(|rec| self.forward_targets(rec, batch, &targets))
    }

    pub(super) fn check_matrix(&self, batch: &JaggedBatch, matrix: &Matrix, name: &str) -> Result<()> {
        self.check_shape(batch, (matrix.rows, matrix.cols), name)
    }

    /// Whether a matrix has the shape of the one of all features.
    fn check_shape(&self, batch: &JaggedBatch, shape: (usize, usize), name: &str) -> Result<()> {
        batch.fits(&self.schema)?;
        if batch.is_variable() {
            return Err(Error::invalid(
                "batch",
                "one number of examples for all features (or use the methods for a matrix a feature)",
                "a variable batch",
            ));
        }
        if self.schema.has_sequences() {
            return Err(Error::invalid(
                "features",
                "only pooled ones for a single matrix (use the methods for a matrix a feature)",
                "a sequence",
            ));
        }
        shape_of(shape, (batch.len(), self.output_cols()), name)
    }

    pub(super) fn check_feature_matrices(
        &self,
        batch: &JaggedBatch,
        matrices: &[Matrix],
        name: &str,
    ) -> Result<()> {
        let shapes: Vec<_> = matrices.iter().map(|matrix| (matrix.rows, matrix.cols)).collect();
        self.check_feature_shapes(batch, &shapes, name)
    }

    /// Whether there is a matrix of the right shape for each feature.
    fn check_feature_shapes(&self, batch: &JaggedBatch, shapes: &[(usize, usize)], name: &str) -> Result<()> {
        let expected = self.feature_shapes(batch)?;
        if shapes.len() != expected.len() {
            let expected = format!("{} matrices, one for each feature", expected.len());
            return Err(Error::invalid(name, expected, shapes.len()));
        }
        for (spec, (&got, expected)) in self.schema.features.iter().zip(shapes.iter().zip(expected)) {
            shape_of(got, expected, &format!("{name} of feature \"{}\"", spec.name))?;
        }
        Ok(())
    }

    /// Rows and columns of each feature's own output.
    fn feature_shapes(&self, batch: &JaggedBatch) -> Result<Vec<(usize, usize)>> {
        batch.fits(&self.schema)?;
        let features = self.schema.features.iter().enumerate();
        features.map(|(f, spec)| Ok((batch.rows_of(f)? as usize, spec.shape.dim as usize))).collect()
    }

    fn forward_targets(&self, rec: &mut Recorder, batch: &JaggedBatch, targets: &[Target]) -> Result<()> {
        self.store.same_context(rec)?;
        batch.guard(rec);
        if batch.is_empty() {
            return Ok(());
        }
        for target in targets {
            let chunk = rows_per_binding(rec, (target.stride.max(1) * target.precision.bytes()) as u64)?;
            let mut begin = 0;
            while begin < target.rows {
                let end = target.rows.min(begin + chunk);
                self.forward_rows(rec, batch, target, begin, end)?;
                begin = end;
            }
        }
        Ok(())
    }

    /// The output rows `begin..end` of a target: they fit one binding.
    fn forward_rows(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        target: &Target,
        begin: usize,
        end: usize,
    ) -> Result<()> {
        let &Target { ref buffer, cols, stride, precision, .. } = target;
        let size = precision.bytes() as u64;
        // rows of 16-bit values end with a whole word
        let bytes = (((end - begin - 1) * stride + cols) as u64 * size).next_multiple_of(4);
        let (out, base) = buffer.part((begin * stride) as u64 * size, bytes).bindable(rec.context());
        let (base, stride) = (narrow(base * (4 / size)), narrow(stride as u64));
        let rows = narrow(end as u64) - narrow(begin as u64);
        let plan = self.store.tables().plan();
        for (w, window) in plan.windows.iter().enumerate() {
            let mut vectors = Work::default();
            let mut scalars = Work::default();
            for &(f, column) in &target.features {
                let spec = &self.schema.features[f];
                let Some(part) = window.parts.iter().find(|part| part.table == spec.table) else { continue };
                let initial = plan.first_window[spec.table] == w;
                if !initial && batch.misses(w) {
                    continue;
                }
                let out_base = base + column;
                let vec4 = window.vec4 && out_base % 4 == 0 && stride % 4 == 0;
                let longest = if spec.pooling == Pooling::None { 1 } else { batch.inner.longest };
                let lanes = lanes(rec.context(), spec.shape.dim, rows, longest);
                let feature = Feature {
                    index: narrow(f as u64),
                    lanes,
                    dim: spec.shape.dim,
                    rows: spec.shape.rows,
                    padding: spec.padding,
                    pooling: spec.pooling.code(),
                    window_first: part.first_row,
                    window_rows: part.rows,
                    window_base: part.base,
                    window_stride: part.stride,
                    initial: u32::from(initial),
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
                    pruned: u32::from(self.schema.pruned),
                };
                let bindings = Bindings {
                    status: batch.inner.status.clone(),
                    features: rec.scratch_from("embag.features", &work.features)?,
                    offsets: batch.inner.offsets.clone(),
                    ids: batch.inner.ids_buffer.clone(),
                    weights: weights_or_unused(rec, batch)?,
                    rows: self.store.tables().weights(w).clone(),
                    out: out.clone(),
                };
                let shape = rec.context().shape();
                let f32s = [window.format, precision.into()] == [RowFormat::F32; 2];
                let plain = vec4
                    && f32s
                    && shape == Shape::Serial
                    && !self.schema.pruned
                    && work.features.iter().all(is_plain);
                let weighted = batch.inner.weights.is_some();
                let variant = match plain {
                    true => plain_variant(weighted, batch.inner.longest),
                    false => variant(vec4, [params.rows_type, params.out_type], shape),
                };
                rec.dispatch(Dispatch::threads(variant, &params, bindings, work.threads));
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

/// Threads for an output row: a lane for every four columns on real GPUs; on software adapters whole rows, unless
/// there are too few of them to keep its threads busy, or walking the longest bag once for every sixteen columns would
/// be too much for one thread's loops.
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

fn shape_of(got: (usize, usize), expected: (usize, usize), name: &str) -> Result<()> {
    if got != expected {
        let text = |(rows, cols)| format!("{rows} x {cols}");
        return Err(Error::invalid(name, text(expected), text(got)));
    }
    Ok(())
}
