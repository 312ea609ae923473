//! The softmax of rows.

use std::f32::consts::LOG2_E;

use super::plan::{longest_sum, record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernels::width::Width;
use crate::kernels::{softmax_rows, softmax_rows_grad};
use crate::{Error, Matrix, Recorder, Result};

/// Records the softmax of every row: `out[r] = exp(scale (x[r] - max(x[r]))) / sum of these`, for a scale above zero.
pub(super) fn record_softmax_rows(rec: &mut Recorder, x: &Matrix, scale: f32, out: &Matrix) -> Result<()> {
    x.check_shape("x", out.rows(), out.cols())?;
    let ctx = rec.context().clone();
    check_columns(rec, out)?;
    let mut all = Vec::new();
    for rows in row_chunks(&ctx, &[x, out]) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (x, target) = (place("x", x)?, place("out", out)?);
        let width = Width::of(x.vec4 && target.vec4 && out.cols().is_multiple_of(4));
        let params = softmax_rows::Params {
            rows: word("rows", rows.len())?,
            cols: word("columns", out.cols())?,
            input_base: x.base,
            input_stride: x.stride,
            out_base: target.base,
            out_stride: target.stride,
            rate: LOG2_E * scale,
        };
        let bindings = softmax_rows::Bindings { input: x.binding, out: target.binding };
        let groups = softmax_rows::groups(params.rows);
        all.push(Dispatch::new(width.variant(), &params, bindings, groups));
    }
    record(rec, all);
    Ok(())
}

/// Records the gradient of [`record_softmax_rows`] in its input, from its output `y` and the gradient of that.
pub(super) fn record_softmax_rows_grad(
    rec: &mut Recorder,
    y: &Matrix,
    grad: &Matrix,
    scale: f32,
    dx: &Matrix,
) -> Result<()> {
    y.check_shape("y", dx.rows(), dx.cols())?;
    grad.check_shape("grad", dx.rows(), dx.cols())?;
    let ctx = rec.context().clone();
    check_columns(rec, dx)?;
    let mut all = Vec::new();
    for rows in row_chunks(&ctx, &[y, grad, dx]) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (y, grad, target) = (place("y", y)?, place("grad", grad)?, place("dx", dx)?);
        let vec4 = y.vec4 && grad.vec4 && target.vec4 && dx.cols().is_multiple_of(4);
        let params = softmax_rows_grad::Params {
            rows: word("rows", rows.len())?,
            cols: word("columns", dx.cols())?,
            input_base: y.base,
            input_stride: y.stride,
            grad_base: grad.base,
            grad_stride: grad.stride,
            out_base: target.base,
            out_stride: target.stride,
            scale,
        };
        let bindings =
            softmax_rows_grad::Bindings { input: y.binding, grad: grad.binding, out: target.binding };
        let groups = softmax_rows::groups(params.rows);
        all.push(Dispatch::new(Width::of(vec4).variant(), &params, bindings, groups));
    }
    record(rec, all);
    Ok(())
}

/// Whether a thread's loops over a row end.
fn check_columns(rec: &Recorder, out: &Matrix) -> Result<()> {
    let longest = longest_sum(rec.context());
    if softmax_rows::iterations(out.cols()) > longest {
        let expected = format!("rows whose sums take at most {longest} steps on a software adapter");
        return Err(Error::invalid("columns", expected, out.cols()));
    }
    Ok(())
}
