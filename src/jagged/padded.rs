//! Segments in rows of one length, and back.

use std::ops::Range;

use super::Offsets;
use super::plan::{place, row_chunks};
use crate::device::{Buffer, Context, Matrix, Recorder};
use crate::device::{Dispatch, word};
use crate::kernels::jagged_to_dense::Params;
use crate::kernels::width::Width;
use crate::kernels::{dense_to_jagged as to_jagged, jagged_to_dense as to_dense};
use crate::{Error, Result};

/// Records segments side by side in rows of one length: `out[s][j] = values[offsets[s] + j]`, or `padding`
/// where segment `s` has no value `j`.
///
/// `values` is `[number of values, dim]`, `out` is `[segments, length * dim]`, that is `[segments, length,
/// dim]`; what is longer than `length` is cut off. The gradient with respect to `values` is
/// [`dense_to_jagged`] of the gradient of `out`. This is FBGEMM's `jagged_to_padded_dense`.
///
/// # Errors
/// [`Error::InvalidArgument`] if a shape does not fit, [`Error::LimitExceeded`] if the device cannot bind the
/// values or a row of `out` at once. Waiting gives the errors of the offsets; nothing has been written then.
pub fn jagged_to_padded_dense(
    rec: &mut Recorder,
    offsets: &Offsets,
    values: &Matrix,
    padding: f32,
    out: &Matrix,
) -> Result<()> {
    let sides = Sides { offsets, jagged: ("values", values), dense: ("out", out) };
    sides.check()?;
    rec.whole(|rec| {
        offsets.guard(rec)?;
        for rows in sides.chunks(rec.context()) {
            let Bound { variant, params, jagged, dense } = sides.bind(rec.context(), rows)?;
            let params = Params { padding, ..params };
            let bindings = to_dense::Bindings {
                status: offsets.status().clone(),
                begins: offsets.buffer().clone(),
                values: jagged,
                dense,
            };
            let threads = params.rows * params.longest * params.dim;
            rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
        }
        Ok(())
    })
}

/// Records the way back: `out[offsets[s] + j] = dense[s][j]`, or 0 where `j` is not below the length of the
/// rows.
///
/// `dense` is `[segments, length * dim]`, `out` is `[number of values, dim]`. The gradient with respect to
/// `dense` is [`jagged_to_padded_dense`] of the gradient of `out`, with a padding of 0. This is FBGEMM's
/// `dense_to_jagged`.
///
/// # Errors
/// [`Error::InvalidArgument`] if a shape does not fit, [`Error::LimitExceeded`] if the device cannot bind
/// `out` or a row of `dense` at once. Waiting gives the errors of the offsets; nothing has been written then.
pub fn dense_to_jagged(rec: &mut Recorder, offsets: &Offsets, dense: &Matrix, out: &Matrix) -> Result<()> {
    let sides = Sides { offsets, jagged: ("out", out), dense: ("dense", dense) };
    sides.check()?;
    rec.whole(|rec| {
        offsets.guard(rec)?;
        for rows in sides.chunks(rec.context()) {
            let Bound { variant, params, jagged, dense } = sides.bind(rec.context(), rows)?;
            let bindings = to_jagged::Bindings {
                status: offsets.status().clone(),
                begins: offsets.buffer().clone(),
                dense,
                values: jagged,
            };
            let threads = params.len * params.dim;
            rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
        }
        Ok(())
    })
}

/// The two matrices, with the names of the arguments.
struct Sides<'a> {
    offsets: &'a Offsets,
    jagged: (&'static str, &'a Matrix),
    dense: (&'static str, &'a Matrix),
}

/// What a dispatch is made of.
struct Bound {
    variant: usize,
    params: Params,
    jagged: Buffer,
    dense: Buffer,
}

impl Sides<'_> {
    fn check(&self) -> Result<()> {
        let ((jagged_name, jagged), (dense_name, dense)) = (self.jagged, self.dense);
        if jagged.rows != self.offsets.values() {
            let expected = format!("{} rows, one for each value", self.offsets.values());
            return Err(Error::invalid(jagged_name, expected, jagged.rows));
        }
        if dense.rows != self.offsets.segments() {
            let expected = format!("{} rows, one for each segment", self.offsets.segments());
            return Err(Error::invalid(dense_name, expected, dense.rows));
        }
        if !dense.cols.is_multiple_of(jagged.cols) {
            let expected = format!("columns in multiples of {}, those of `{jagged_name}`", jagged.cols);
            return Err(Error::invalid(dense_name, expected, dense.cols));
        }
        Ok(())
    }

    /// The dense rows that can be bound at once; none if values have no columns.
    fn chunks(&self, ctx: &Context) -> Vec<Range<usize>> {
        if self.jagged.1.cols == 0 { Vec::new() } else { row_chunks(ctx, &[self.dense.1]) }
    }

    fn bind(&self, ctx: &Context, rows: Range<usize>) -> Result<Bound> {
        let dim = self.jagged.1.cols;
        let jagged = place(ctx, self.jagged.0, self.jagged.1)?;
        let dense = place(ctx, self.dense.0, &self.dense.1.row_part(rows.start, rows.len()))?;
        let vec4 = jagged.vec4 && dense.vec4 && dim.is_multiple_of(4);
        let width = Width::of(vec4);
        let (variant, width) = (width.variant(), width.columns());
        let params = Params {
            len: word(self.jagged.0, self.jagged.1.rows)?,
            segments: word("segments", self.offsets.segments())?,
            rows: word("rows", rows.len())?,
            first: word("rows", rows.start)?,
            longest: word(self.dense.0, self.dense.1.cols / dim)?,
            dim: word("dim", dim)? / width,
            values_base: jagged.base / width,
            values_stride: jagged.stride / width,
            dense_base: dense.base / width,
            dense_stride: dense.stride / width,
            padding: 0.0,
        };
        Ok(Bound { variant, params, jagged: jagged.binding, dense: dense.binding })
    }
}
