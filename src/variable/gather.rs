//! Rows out of the store: jagged, padded, pooled.

use super::values::{check_pooling, no_bags};
use super::{VariableBatch, VariableRows};
use crate::bag::Pooling;
use crate::device::{Buffer, Dispatch, Matrix, Precision, Recorder};
use crate::kernels::width::Width;
use crate::kernels::{variable_gather, variable_pool};
use crate::numbers::narrow;
use crate::table::Window;
use crate::{Error, Result};

impl VariableRows {
    /// The rows of a batch, one after the other without gaps: FBGEMM's `batch_index_select_dim0`. Waits until
    /// it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the batch is of other rows, [`Error::LimitExceeded`] or
    /// [`Error::Device`] if the memory cannot be had.
    pub fn gather(&self, batch: &VariableBatch) -> Result<Buffer> {
        let out = self.context().allocate("embag.rows", u64::from(batch.values) * 4)?;
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
        self.check_jagged(batch, "out", out)?;
        let params = variable_gather::Params {
            len: batch.len,
            parts: 0,
            key_begin: 0,
            key_end: 0,
            lanes: 0,
            matrix: 0,
            cols: 0,
            out_base: 0,
            out_stride: 0,
        };
        self.gather_windows(rec, batch, params, self.all_vec4(), out)
    }

    /// The rows of a batch as a matrix, `[len, widest]`, with zeros behind short rows. Waits until it is
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
        if self.check_matrix(batch.len, "out", out)?.span() == 0 {
            return Ok(());
        }
        let place = out.place(rec.context(), "out")?;
        let vec4 = place.vec4 && self.all_vec4();
        let width = Width::of(vec4).columns();
        let params = variable_gather::Params {
            len: batch.len,
            parts: 0,
            key_begin: 0,
            key_end: 0,
            lanes: 0,
            matrix: 1,
            cols: self.layout.widest() / width,
            out_base: place.base / width,
            out_stride: place.stride / width,
        };
        self.gather_windows(rec, batch, params, vec4, &place.binding)
    }

    /// A window after the other: each row lies in one of them.
    fn gather_windows(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        params: variable_gather::Params,
        vec4: bool,
        out: &Buffer,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let width = Width::of(vec4);
        rec.whole(|rec| {
            for (w, window) in self.store.tables().plan().windows.iter().enumerate() {
                let widest = match params.matrix {
                    1 => params.cols,
                    _ => self.layout.widest() / width.columns(),
                };
                let parts = parts(rec, window)?;
                let keys = window.keys();
                let params = variable_gather::Params {
                    parts: parts.1,
                    key_begin: keys.start,
                    key_end: keys.end,
                    lanes: rec.context().lanes(widest),
                    ..params
                };
                let bindings = variable_gather::Bindings {
                    parts: parts.0,
                    keys: batch.keys.clone(),
                    offsets: batch.offsets.clone(),
                    rows: self.store.tables().weights(w).clone(),
                    out: out.clone(),
                };
                let threads = threads(params.len, params.lanes)?;
                rec.dispatch(Dispatch::threads(width.variant(), &params, bindings, threads));
            }
            Ok(())
        })
    }

    /// The rows of each bag added up, `[bags, widest]`: a short row adds to its columns. Waits until it is
    /// done.
    ///
    /// # Errors
    /// As [`VariableRows::gather`], and if the batch has no bags or `pooling` is neither sum nor mean.
    pub fn pool(&self, batch: &VariableBatch, pooling: Pooling) -> Result<Matrix> {
        let bags = batch.bags.as_ref().ok_or_else(no_bags)?;
        let out = Matrix::output(Precision::F32, self.context(), bags.count as usize, self.widest())?;
        let mut rec = Recorder::new(self.context());
        self.record_pool(&mut rec, batch, pooling, &out)?;
        rec.run()?;
        Ok(out)
    }

    /// Records [`VariableRows::pool`].
    ///
    /// # Errors
    /// As [`VariableRows::pool`], and if `out` is of another shape or larger than a binding.
    pub fn record_pool(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        pooling: Pooling,
        out: &Matrix,
    ) -> Result<()> {
        self.same_context(rec)?;
        self.check_batch(batch)?;
        let mean = check_pooling(pooling)?;
        let bags = batch.bags.as_ref().ok_or_else(no_bags)?;
        if self.check_matrix(bags.count, "out", out)?.span() == 0 {
            return Ok(());
        }
        let plan = self.store.tables().plan();
        let most = plan.windows.iter().map(|window| window.parts.len()).max().unwrap_or(0) as u64;
        let loops = u64::from(bags.longest) * (u64::from(most.max(1).ilog2()) + 4);
        if let Some(limit) = rec.context().loop_limit().filter(|&limit| loops > limit.into()) {
            let expected = format!("bags of fewer ids on a software adapter, of {limit} loops a thread");
            return Err(Error::invalid("batch", expected, bags.longest));
        }
        let place = out.place(rec.context(), "out")?;
        let vec4 = place.vec4 && self.all_vec4();
        let width = Width::of(vec4);
        let (variant, width) = (width.variant(), width.columns());
        let cols = self.layout.widest() / width;
        let threads = threads(bags.count, cols)?;
        rec.whole(|rec| {
            for (w, window) in plan.windows.iter().enumerate() {
                let parts = parts(rec, window)?;
                let keys = window.keys();
                let params = variable_pool::Params {
                    bags: bags.count,
                    parts: parts.1,
                    key_begin: keys.start,
                    key_end: keys.end,
                    mean: u32::from(mean),
                    initial: u32::from(w == 0),
                    cols,
                    out_base: place.base / width,
                    out_stride: place.stride / width,
                };
                let bindings = variable_pool::Bindings {
                    parts: parts.0,
                    keys: batch.keys.clone(),
                    bags: bags.offsets.clone(),
                    rows: self.store.tables().weights(w).clone(),
                    out: place.binding.clone(),
                };
                rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
            }
            Ok(())
        })
    }
}

/// A window's parts on the device, and how many they are.
pub(super) fn parts(rec: &mut Recorder, window: &Window) -> Result<(Buffer, u32)> {
    let parts: Vec<_> = window.parts.iter().map(|part| part.for_kernel(part.key_first, 0)).collect();
    // there are fewer than rows
    Ok((rec.scratch_from("embag.parts", &parts)?, narrow(parts.len())))
}

/// Threads of a dispatch.
pub(super) fn threads(rows: u32, lanes: u32) -> Result<u32> {
    rows.checked_mul(lanes).ok_or_else(|| Error::invalid("batch", "fewer than 2^32 / 16 rows", rows))
}
