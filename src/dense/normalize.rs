//! Rows of length one.

use super::plan::{longest_sum, record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernels::width::Width;
use crate::kernels::{normalize_rows, normalize_rows_grad};
use crate::{Error, Matrix, Recorder, Result};

/// What rows are divided by that are shorter, as in torch.
const EPS: f32 = 1e-12;

/// Records `out[r] = x[r] / max(|x[r]|, 1e-12)`, as `torch.nn.functional.normalize`: the products of such rows
/// are their cosines.
///
/// # Errors
/// [`Error::InvalidArgument`] if a shape does not fit, [`Error::LimitExceeded`] if one row is too large for
/// the device to bind.
pub fn record_normalize_rows(rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
    out.check_f32("out")?;
    x.check_shape("x", out.rows(), out.cols())?;
    let ctx = rec.context().clone();
    let cols = checked_columns(rec, out)?;
    let mut all = Vec::new();
    for rows in chunks(rec, &[x, out]) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (x, out) = (place("x", x)?, place("out", out)?);
        let width = Width::of(x.vec4 && out.vec4 && cols.is_multiple_of(4));
        let params = normalize_rows::Params {
            rows: word("rows", rows.len())?,
            cols,
            input_base: x.base,
            input_stride: x.stride,
            out_base: out.base,
            out_stride: out.stride,
            eps: EPS,
        };
        let bindings = normalize_rows::Bindings { input: x.binding, out: out.binding };
        let groups = normalize_rows::groups(params.rows);
        all.push(Dispatch::new(width.variant(), &params, bindings, groups));
    }
    record(rec, all);
    Ok(())
}

/// Records the gradient of [`record_normalize_rows`] in its input, from `grad`, that of its output: `dx = (g -
/// y (y g)) / |x|` for `y = x / |x|`, and `g / 1e-12` where `|x|` is no larger than that.
///
/// # Errors
/// As [`record_normalize_rows`].
pub fn record_normalize_rows_grad(rec: &mut Recorder, x: &Matrix, grad: &Matrix, dx: &Matrix) -> Result<()> {
    dx.check_f32("dx")?;
    x.check_shape("x", dx.rows(), dx.cols())?;
    grad.check_shape("grad", dx.rows(), dx.cols())?;
    let ctx = rec.context().clone();
    let cols = checked_columns(rec, dx)?;
    let mut all = Vec::new();
    for rows in chunks(rec, &[x, grad, dx]) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (x, grad, dx) = (place("x", x)?, place("grad", grad)?, place("dx", dx)?);
        let width = Width::of(x.vec4 && grad.vec4 && dx.vec4 && cols.is_multiple_of(4));
        let params = normalize_rows_grad::Params {
            rows: word("rows", rows.len())?,
            cols,
            input_base: x.base,
            input_stride: x.stride,
            grad_base: grad.base,
            grad_stride: grad.stride,
            out_base: dx.base,
            out_stride: dx.stride,
            eps: EPS,
        };
        let bindings =
            normalize_rows_grad::Bindings { input: x.binding, grad: grad.binding, out: dx.binding };
        let groups = normalize_rows::groups(params.rows);
        all.push(Dispatch::new(width.variant(), &params, bindings, groups));
    }
    record(rec, all);
    Ok(())
}

/// Chunks of rows; none of matrices without columns.
fn chunks(rec: &Recorder, matrices: &[&Matrix]) -> Vec<std::ops::Range<usize>> {
    match matrices.first() {
        Some(first) if first.cols() > 0 => row_chunks(rec.context(), matrices),
        _ => Vec::new(),
    }
}

fn checked_columns(rec: &Recorder, out: &Matrix) -> Result<u32> {
    let longest = longest_sum(rec.context());
    if normalize_rows::iterations(out.cols()) > longest {
        let expected = format!("rows whose sums take at most {longest} steps on a software adapter");
        return Err(Error::invalid("columns", expected, out.cols()));
    }
    word("columns", out.cols())
}
