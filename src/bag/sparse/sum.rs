//! Gradients of one table added up, and multiplied.

use super::SparseGradient;
use super::guard;
use crate::device::{Dispatch, Recorder};
use crate::kernels::add_rows::{Bindings, Params};
use crate::kernels::width::Width;
use crate::numbers::narrow;
use crate::sort::{SortedKeys, sort_by_key};
use crate::{Error, Result};

impl SparseGradient {
    /// The sum of gradients of one table, of several micro-batches or workers, each row once. Waits until it
    /// is done.
    ///
    /// The values of a row are added in the order of the gradients, its counts are added too: the bits of a
    /// row depend on its own values alone.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none, or they are of different tables; [`Error::WrongContext`]
    /// if they belong to different contexts; [`Error::LimitExceeded`] if the device cannot bind all their
    /// rows at once; the gradients' own errors if their rows or the batch that they were made of are bad.
    pub fn sum(gradients: &[Self]) -> Result<Self> {
        let Some(first) = gradients.first() else { return Err(none()) };
        let mut rec = Recorder::new(&first.ctx);
        let sum = Self::record_sum(&mut rec, gradients)?;
        let total = rec.readback::<u32>(&sum.total);
        rec.run()?;
        let total = total.wait()?.first().map_or(0, |&total| total as usize);
        Ok(sum.trimmed_to(total.min(sum.capacity())))
    }

    /// Records [`SparseGradient::sum`], which has room for as many rows as there could be.
    ///
    /// # Errors
    /// As [`SparseGradient::sum`].
    pub fn record_sum(rec: &mut Recorder, gradients: &[Self]) -> Result<Self> {
        let Some(first) = gradients.first() else { return Err(none()) };
        let table = &first.table;
        let mut len = 0u32;
        for gradient in gradients {
            gradient.check_home(rec.context())?;
            if gradient.table != *table {
                let shape =
                    |of: &Self| format!("\"{}\", {} rows x {}", of.table.name, of.table.rows, of.table.dim);
                let expected = format!("all of table {}", shape(first));
                return Err(Error::invalid("gradients", expected, format!("one of {}", shape(gradient))));
            }
            let more = u32::try_from(gradient.capacity()).ok().and_then(|more| len.checked_add(more));
            let Some(sum) = more.filter(|&sum| sum < u32::MAX) else {
                return Err(Error::invalid("gradients", "fewer than 2^32 - 1 rows in all", "more"));
            };
            len = sum;
        }
        let guards = guard::joined(gradients);
        let out = Self::new(rec.context(), table.clone(), len.min(table.rows), guards)?;
        rec.whole(|rec| {
            guard::record(rec, gradients);
            if out.capacity() == 0 {
                return Ok(());
            }
            rec.scope(|rec| {
                let keys = rec.scratch("embag.keys", u64::from(len) * 4)?;
                let mut end = 0;
                for gradient in gradients {
                    rec.copy(&gradient.rows, &keys.part(end, gradient.rows.size()))?;
                    end += gradient.rows.size();
                }
                // what is no row has all bits, and so lies above all rows
                let bits = (u32::BITS - table.rows.leading_zeros()).max(1);
                let sorted = sort_by_key(rec, &keys, len, bits)?;
                let status = guard::status(rec, &out.guards)?;
                let keys = SortedKeys { len, keys: sorted.keys, range: 0..table.rows, status };
                keys.record_distinct(rec, &out.rows, &out.total)?;
                gradients.iter().try_for_each(|gradient| gradient.record_add(rec, 1.0, &out))
            })
        })?;
        Ok(out)
    }

    /// [`SparseGradient::sum`] of this gradient and another.
    ///
    /// # Errors
    /// As [`SparseGradient::sum`].
    pub fn add(&self, other: &Self) -> Result<Self> {
        Self::sum(&[self.clone(), other.clone()])
    }

    /// The same rows with their values times `factor`, for example to average over workers; counts stay as
    /// they are. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had; the gradient's own errors
    /// if its rows or the batch that it was made of are bad.
    pub fn scale(&self, factor: f32) -> Result<Self> {
        let mut rec = Recorder::new(&self.ctx);
        let scaled = self.record_scale(&mut rec, factor)?;
        rec.run()?;
        Ok(scaled)
    }

    /// Records [`SparseGradient::scale`].
    ///
    /// # Errors
    /// As [`SparseGradient::scale`], and [`Error::WrongContext`] if the recorder belongs to another context.
    pub fn record_scale(&self, rec: &mut Recorder, factor: f32) -> Result<Self> {
        self.check_home(rec.context())?;
        let room = narrow(self.capacity());
        let made = Self::new(rec.context(), self.table.clone(), room, self.guards.clone())?;
        // the values alone are new
        let out = Self { values: made.values, counts: made.counts, ..self.clone() };
        rec.whole(|rec| {
            guard::record(rec, [self]);
            self.record_add(rec, factor, &out)
        })?;
        Ok(out)
    }

    /// Adds the rows times `factor` to those of a gradient that has them all, part by part of what fits a
    /// binding.
    fn record_add(&self, rec: &mut Recorder, factor: f32, out: &Self) -> Result<()> {
        let ctx = rec.context().clone();
        let parts = |of: &Self| {
            let (all, at_once) = (of.capacity(), of.values.rows_at_once(&ctx));
            (0..all).step_by(at_once).map(move |first| first..(first + at_once).min(all))
        };
        for target in parts(out) {
            let to = out.values.row_part(target.start, target.len()).place(&ctx, "values")?;
            for rows in parts(self) {
                let from = self.values.row_part(rows.start, rows.len()).place(&ctx, "values")?;
                let vec4 = from.vec4 && to.vec4 && self.table.dim.is_multiple_of(4);
                let width = Width::of(vec4);
                let (variant, width) = (width.variant(), width.columns());
                let dim = self.table.dim / width;
                let params = Params {
                    len: narrow(rows.len()),
                    first: narrow(rows.start),
                    targets: narrow(out.capacity()),
                    out_rows: narrow(target.len()),
                    out_first: narrow(target.start),
                    lanes: ctx.lanes(dim),
                    factor,
                    dim,
                    values_base: from.base / width,
                    values_stride: from.stride / width,
                    out_base: to.base / width,
                    out_stride: to.stride / width,
                };
                let bindings = Bindings {
                    rows: self.rows.clone(),
                    counts: self.counts.clone(),
                    values: from.binding,
                    targets: out.rows.clone(),
                    out: to.binding.clone(),
                    totals: out.counts.clone(),
                };
                let threads = params.len * params.lanes;
                rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
            }
        }
        Ok(())
    }
}

fn none() -> Error {
    Error::invalid("gradients", "at least one", "none")
}
