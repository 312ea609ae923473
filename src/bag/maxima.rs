//! The backward of max pooling: each column's gradient belongs to the position whose value was the largest.

use super::gradient::Gradient;
use super::{EmbeddingBags, JaggedBatch, Pooling};
use crate::device::{Dispatch, Matrix, Recorder};
use crate::kernels::{max_grad, max_places};
use crate::numbers::narrow;
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
                let spread = self.spread(rec, batch, f, gradient.feature(f))?;
                gradient.replace(rec.context(), f, spread);
            }
        }
        Ok(gradient)
    }

    fn spread(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        feature: usize,
        grad: &Matrix,
    ) -> Result<Matrix> {
        let spec = &self.schema.features[feature];
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
        let plan = self.store.tables().plan();
        for (w, window) in plan.windows.iter().enumerate() {
            let Some(part) = window.parts.iter().find(|part| part.table == spec.table) else { continue };
            let params = max_places::Params {
                first_bag,
                values: bags * dim,
                dim,
                table_rows: spec.shape.rows,
                padding: spec.padding,
                window_first: part.first_row,
                window_rows: part.rows,
                window_base: part.base,
                window_stride: part.stride,
                rows_type: window.format.code(),
                initial: u32::from(plan.first_window[spec.table] == w),
            };
            let bindings = max_places::Bindings {
                status: batch.inner.status.clone(),
                offsets: batch.inner.offsets.clone(),
                ids: batch.inner.ids_buffer.clone(),
                rows: self.store.tables().weights(w).clone(),
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
