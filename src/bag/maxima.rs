//! The backward of max pooling: each column's gradient belongs to the position whose value was the largest.

use super::gradient::Gradient;
use super::{EmbeddingBags, FeatureSpec, JaggedBatch, Pooling};
use crate::device::{Buffer, Dispatch, Matrix, Recorder};
use crate::kernels::{max_grad, max_places};
use crate::numbers::narrow;
use crate::table::RowFormat;
use crate::{Error, Result};

impl EmbeddingBags {
    /// Gradients with a row for each position in place of those of maxima, which then are like sequences.
    pub(super) fn spread_maxima(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        mut gradient: Gradient,
    ) -> Result<Gradient> {
        for (f, spec) in self.schema.features.iter().enumerate() {
            if spec.pooling == Pooling::Max {
                let rows = self.rows_of(spec, batch);
                let spread = rows.spread(rec, batch, f, gradient.feature(f))?;
                gradient.replace(rec.context(), f, spread);
            }
        }
        Ok(gradient)
    }

    /// The rows of a feature's table.
    fn rows_of(&self, spec: &FeatureSpec, batch: &JaggedBatch) -> FeatureRows {
        let tables = self.store.tables();
        let windows = tables.plan().windows.iter().enumerate().filter_map(|(w, window)| {
            let part = window.parts.iter().find(|part| part.table == spec.table)?;
            Some(RowWindow {
                rows: tables.weights(w).clone(),
                first: part.first_row,
                len: part.rows,
                base: part.base,
                stride: part.stride,
                format: window.format,
            })
        });
        FeatureRows {
            ids: batch.inner.ids_buffer.clone(),
            rows: spec.shape.rows,
            padding: spec.padding,
            windows: windows.collect(),
        }
    }
}

/// Where the rows of a feature's ids lie.
pub(crate) struct FeatureRows {
    /// At the positions of the batch's ids: rows, or what stands for them.
    pub(crate) ids: Buffer,
    /// From there on they stand for no row, nor does the padding id.
    pub(crate) rows: u32,
    pub(crate) padding: u32,
    pub(crate) windows: Vec<RowWindow>,
}

/// Rows in one buffer.
pub(crate) struct RowWindow {
    pub(crate) rows: Buffer,
    /// The number of the first, and how many they are.
    pub(crate) first: u32,
    pub(crate) len: u32,
    /// The element of the first, and elements from row to row.
    pub(crate) base: u32,
    pub(crate) stride: u32,
    pub(crate) format: RowFormat,
}

impl FeatureRows {
    /// Records the gradient with a row for each position of a feature that is a maximum; it lies in scratch
    /// memory.
    pub(crate) fn spread(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        feature: usize,
        grad: &Matrix,
    ) -> Result<Matrix> {
        let spec = &batch.inner.schema.features[feature];
        let (dim, bags) = (spec.shape.dim, batch.inner.examples_of(feature));
        let Some(counts) = &batch.inner.counts else {
            return Err(Error::invalid(
                format!("feature \"{}\"", spec.name),
                "a device batch with counts, as the feature is a maximum",
                "one without",
            ));
        };
        let ids = counts[feature];
        let limit = rec.context().limits().binding;
        let needed = u64::from(ids.max(bags)) * u64::from(dim) * 4;
        if needed > limit {
            return Err(Error::LimitExceeded {
                what: format!("the gradient of feature \"{}\", a row for each id,", spec.name),
                needed,
                limit,
                hint: "use a smaller batch",
            });
        }
        let out = rec.scratch("embag.spread", u64::from(ids) * u64::from(dim) * 4)?;
        let spread = Matrix::new(out.clone(), ids as usize, dim as usize, dim as usize)?;
        if ids == 0 || bags == 0 {
            return Ok(spread);
        }
        let first_bag = batch.inner.batch * narrow(feature);
        let (best, places) = {
            let bytes = u64::from(bags) * u64::from(dim) * 4;
            (rec.scratch("embag.best", bytes)?, rec.scratch("embag.places", bytes)?)
        };
        for (w, window) in self.windows.iter().enumerate() {
            let params = max_places::Params {
                first_bag,
                values: bags * dim,
                dim,
                table_rows: self.rows,
                padding: self.padding,
                window_first: window.first,
                window_rows: window.len,
                window_base: window.base,
                window_stride: window.stride,
                rows_type: window.format.code(),
                initial: u32::from(w == 0),
            };
            let bindings = max_places::Bindings {
                status: batch.inner.status.clone(),
                offsets: batch.inner.offsets.clone(),
                ids: self.ids.clone(),
                rows: window.rows.clone(),
                best: best.clone(),
                places: places.clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.values));
        }
        let place = grad.place(rec.context(), "grad")?;
        let params = max_grad::Params {
            first_bag,
            bags,
            values: ids * dim,
            dim,
            grad_base: place.base,
            grad_stride: place.stride,
        };
        let bindings = max_grad::Bindings {
            status: batch.inner.status.clone(),
            offsets: batch.inner.offsets.clone(),
            places,
            grad: place.binding,
            out,
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.values));
        Ok(spread)
    }
}
