//! Rows gathered as dense vectors, one for each id, for what the kernels of bags do with rows: maxima, and the
//! gradient of per-sample weights. Absent chunks are zeros in them.

use std::ops::Range;

use super::ChunkedBatch;
use super::forward::WeightedIds;
use super::lookup::Lookup;
use crate::bag::{FeatureRows, Gradient, Pooling, RowWindow};
use crate::device::{Buffer, Dispatch, Matrix, Recorder};
use crate::kernels::feature::{Feature, NONE};
use crate::kernels::part::Part;
use crate::kernels::{bag_forward, chunk_positions};
use crate::numbers::narrow;
use crate::table::RowFormat;
use crate::{Error, Result};

/// The rows of the ids of some features, each at its id's position.
pub(super) struct Gathered {
    /// At the positions of the batch's ids: the position, or none for padding ids.
    pub(super) positions: Buffer,
    pub(super) rows: Buffer,
    /// Of each feature.
    pub(super) parts: Vec<Part>,
}

impl Lookup {
    /// Bytes of a feature's rows, one for each id.
    pub(super) fn gathered_bytes(&self, batch: &ChunkedBatch, feature: usize) -> u64 {
        let Range { start, end } = batch.ranges()[feature];
        u64::from(end - start) * u64::from(self.feature(feature).shape.dim) * 4
    }

    /// Records the gathering of the rows of some features into scratch memory.
    pub(super) fn gather(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        features: &[usize],
    ) -> Result<Gathered> {
        let bytes = |feature: &usize| self.gathered_bytes(batch, *feature);
        let needed = features.iter().map(bytes).sum::<u64>();
        let limit = rec.context().limits().binding;
        if needed > limit {
            let names: Vec<&str> = features.iter().map(|&feature| &*self.feature(feature).name).collect();
            let what = format!("the rows of features {names:?}, one for each id,");
            return Err(Error::LimitExceeded { what, needed, limit, hint: "use a smaller batch" });
        }
        let positions = rec.scratch("embag.positions", batch.ids() as u64 * 4)?;
        let params = chunk_positions::Params { len: batch.inner.inner.ids };
        let bindings = chunk_positions::Bindings {
            rows: batch.inner.inner.ids_buffer.clone(),
            positions: positions.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.len));
        let rows = rec.scratch("embag.gathered", needed)?;
        let ranges = batch.ranges();
        let (mut parts, mut base) = (Vec::new(), 0);
        for &feature in features {
            let dim = self.feature(feature).shape.dim;
            let Range { start, end } = ranges[feature];
            let own = rows.part(base * 4, self.gathered_bytes(batch, feature));
            base += u64::from(end - start) * u64::from(dim);
            let part = Part {
                key_first: start,
                rows: end - start,
                base: narrow((own.offset - rows.offset) / 4),
                stride: dim,
                dim,
                ..Part::default()
            };
            if start < end {
                let out = Matrix::new(own, (end - start) as usize, dim as usize, dim as usize)?;
                let ids = WeightedIds::unweighted(batch);
                self.pool_rows(rec, batch, &out, &[(feature, 0)], &ids, true)?;
            }
            parts.push(part);
        }
        Ok(Gathered { positions, rows, parts })
    }

    /// Records the maxima of a feature's bags.
    pub(super) fn record_max(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        feature: usize,
        out: &Matrix,
    ) -> Result<()> {
        let gathered = self.gather(rec, batch, &[feature])?;
        let (part, inner) = (gathered.parts[0], &batch.inner.inner);
        let (ctx, shape) = (rec.context().clone(), rec.context().shape());
        let at_once = out.rows_at_once(&ctx);
        for first in (0..out.rows()).step_by(at_once) {
            let out = out.row_part(first, at_once.min(out.rows() - first));
            let (count, place) = (narrow(out.rows()), out.place(&ctx, "out")?);
            let lanes = part.dim.div_ceil(bag_forward::columns(shape));
            let Some(work) = count.checked_mul(lanes) else {
                let expected = "fewer than 2^32 / 4 output columns in one matrix";
                return Err(Error::invalid("batch", expected, "more"));
            };
            let of = Feature {
                index: narrow(feature),
                lanes,
                dim: part.dim,
                rows: NONE,
                padding: NONE,
                pooling: Pooling::Max.code(),
                window_first: part.key_first,
                window_rows: part.rows,
                window_base: part.base,
                window_stride: part.stride,
                initial: 1,
                out_base: place.base,
                out_stride: place.stride,
                ..Feature::default()
            };
            let params = bag_forward::Params {
                batch: inner.batch,
                features: 1,
                work,
                // bags are counted by a `u32`
                row_begin: narrow(first),
                row_end: narrow(first) + count,
                weighted: 0,
                rows_type: RowFormat::F32.code(),
                out_type: RowFormat::F32.code(),
                pruned: 0,
                initial: 1,
            };
            let bindings = bag_forward::Bindings {
                status: inner.status.clone(),
                features: rec.scratch_from("embag.features", &[of])?,
                offsets: inner.offsets.clone(),
                ids: gathered.positions.clone(),
                weights: rec.scratch("embag.unused", 4)?,
                rows: gathered.rows.clone(),
                out: place.binding,
            };
            let vec4 = place.vec4 && place.base.is_multiple_of(4);
            let types = [params.rows_type, params.out_type];
            let variant = bag_forward::variant(vec4, types, ctx.in_flight());
            rec.dispatch(Dispatch::threads(variant, &params, bindings, work));
        }
        Ok(())
    }

    /// Gradients with a row for each position in place of those of maxima, which then are like sequences.
    pub(super) fn spread_maxima(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        mut gradient: Gradient,
    ) -> Result<Gradient> {
        for feature in batch.inner.inner.features() {
            if self.feature(feature).pooling == Pooling::Max {
                let Gathered { positions, rows, parts } = self.gather(rec, batch, &[feature])?;
                let part = parts[0];
                let window = RowWindow {
                    rows,
                    first: part.key_first,
                    len: part.rows,
                    base: part.base,
                    stride: part.stride,
                    format: RowFormat::F32,
                };
                let rows = FeatureRows { ids: positions, rows: NONE, padding: NONE, windows: vec![window] };
                let spread = rows.spread(rec, &batch.inner, feature, gradient.feature(feature))?;
                gradient.replace(rec.context(), feature, spread);
            }
        }
        Ok(gradient)
    }
}
