//! Rows out of the store: jagged, padded, pooled.

use super::{VariableBatch, VariableRows};
use crate::device::{Buffer, Dispatch, Matrix, Precision, Recorder};
use crate::kernels::variable_gather::{Bindings, Params};
use crate::kernels::width::Width;
use crate::numbers::narrow;
use crate::table::{Noise, Window};
use crate::{Error, Result};

impl VariableRows {
    /// The rows of a batch, one after the other without gaps: FBGEMM's `batch_index_select_dim0`. Waits until
    /// it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the batch is of other rows, [`Error::LimitExceeded`] or
    /// [`Error::Device`] if the memory cannot be had.
    pub fn gather(&self, batch: &VariableBatch) -> Result<Buffer> {
        let out = self.context().allocate("embag.rows", batch.values() as u64 * 4)?;
        let mut rec = Recorder::new(self.context());
        self.record_gather(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`VariableRows::gather`] into `out`, of [`VariableBatch::values`] `f32`.
    ///
    /// # Errors
    /// As [`VariableRows::gather`], and if `out` is of another size.
    pub fn record_gather(&self, rec: &mut Recorder, batch: &VariableBatch, out: &Buffer) -> Result<()> {
        self.same_context(rec)?;
        self.check_batch(batch)?;
        self.check_f32()?;
        let offsets = self.check_jagged(batch, "out", out)?.offsets.clone();
        let vec4 = self.all_vec4();
        self.gather_windows(rec, batch, &offsets, out, |_| (vec4, Params::default()))
    }

    /// The rows of a batch as a matrix, `[len, widest]`, with zeros behind short rows and for ids that stand for
    /// none. Waits until it is
    /// done.
    ///
    /// # Errors
    /// As [`VariableRows::gather`].
    pub fn gather_padded(&self, batch: &VariableBatch) -> Result<Matrix> {
        let out = Matrix::output(Precision::F32, self.context(), batch.len(), self.widest())?;
        let mut rec = Recorder::new(self.context());
        self.record_gather_padded(&mut rec, batch, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`VariableRows::gather_padded`].
    ///
    /// # Errors
    /// As [`VariableRows::gather`], and if `out` is of another shape or larger than a binding.
    pub fn record_gather_padded(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        out: &Matrix,
    ) -> Result<()> {
        self.same_context(rec)?;
        self.check_batch(batch)?;
        self.check_f32()?;
        let offsets = batch.jagged()?.offsets.clone();
        if self.check_matrix(batch.inner.inner.ids, "out", out)?.span() == 0 {
            return Ok(());
        }
        let place = out.place(rec.context(), "out")?;
        let widest = self.layout.widest();
        let of_window = |window: &Window| {
            let vec4 = window.vec4 && place.vec4 && widest.is_multiple_of(4);
            let width = Width::of(vec4).columns();
            let (out_base, out_stride) = (place.base / width, place.stride / width);
            (vec4, Params { matrix: 1, cols: widest / width, out_base, out_stride, ..Params::default() })
        };
        self.gather_windows(rec, batch, &offsets, &place.binding, of_window)
    }

    /// A window after the other: each row lies in one of them. `of_window` says whether rows and places of one
    /// begin at multiples of four values, and where they go.
    fn gather_windows(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        offsets: &Buffer,
        out: &Buffer,
        of_window: impl Fn(&Window) -> (bool, Params),
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        rec.whole(|rec| {
            for (w, window) in self.store.tables().plan().windows.iter().enumerate() {
                let (vec4, params) = of_window(window);
                let width = Width::of(vec4);
                let widest = match params.matrix {
                    1 => params.cols,
                    _ => self.layout.widest() / width.columns(),
                };
                let parts = parts(rec, window)?;
                let keys = window.keys();
                let params = Params {
                    len: batch.inner.inner.ids,
                    parts: parts.1,
                    key_begin: keys.start,
                    key_end: keys.end,
                    zero_from: if w == 0 { self.layout.rows } else { u32::MAX },
                    lanes: rec.context().lanes(widest),
                    ..params
                };
                let bindings = Bindings {
                    parts: parts.0,
                    keys: batch.keys().clone(),
                    offsets: offsets.clone(),
                    rows: self.store.tables().weights(w).clone(),
                    out: out.clone(),
                };
                let threads = threads(params.len, params.lanes)?;
                let dispatch = Dispatch::threads(width.variant(), &params, bindings, threads);
                rec.dispatch(dispatch.touching("rows", window.bytes_of_rows(params.len)));
            }
            Ok(())
        })
    }
}

/// A window's parts on the device, and how many they are.
pub(super) fn parts(rec: &mut Recorder, window: &Window) -> Result<(Buffer, u32)> {
    let parts: Vec<_> =
        window.parts.iter().map(|part| part.for_kernel(part.key_first, Noise::default())).collect();
    // there are fewer than rows
    Ok((rec.scratch_from("embag.parts", &parts)?, narrow(parts.len())))
}

/// Threads of a dispatch.
pub(super) fn threads(rows: u32, lanes: u32) -> Result<u32> {
    rows.checked_mul(lanes).ok_or_else(|| Error::invalid("batch", "fewer than 2^32 / 16 rows", rows))
}
