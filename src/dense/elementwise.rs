//! Sums of matrices, and multiples of one.

use super::plan::{record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernels::add_scaled::{self, ADDEND_B, ADDEND_NONE, ADDEND_OUT};
use crate::kernels::width::Width;
use crate::{Matrix, Recorder, Result};

/// Records `out = factor x`, elementwise.
///
/// All matrices of this and of [`record_add`] and [`record_add_scaled`] have the same shape, and may be
/// columns of wider ones; none may be the output, whose memory is written.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a shape does not fit,
/// [`Error::LimitExceeded`](crate::Error::LimitExceeded) if one row is too large for the device to bind.
pub fn record_scale(rec: &mut Recorder, x: &Matrix, factor: f32, out: &Matrix) -> Result<()> {
    sum(rec, factor, ("x", x), ADDEND_NONE, None, out)
}

/// Records `out = a + b`, elementwise.
///
/// # Errors
/// As [`record_scale`].
pub fn record_add(rec: &mut Recorder, a: &Matrix, b: &Matrix, out: &Matrix) -> Result<()> {
    sum(rec, 1.0, ("a", a), ADDEND_B, Some(b), out)
}

/// Records `out += factor x`, elementwise.
///
/// # Errors
/// As [`record_scale`].
pub fn record_add_scaled(rec: &mut Recorder, x: &Matrix, factor: f32, out: &Matrix) -> Result<()> {
    sum(rec, factor, ("x", x), ADDEND_OUT, None, out)
}

fn sum(
    rec: &mut Recorder,
    factor: f32,
    (name, a): (&'static str, &Matrix),
    addend: u32,
    b: Option<&Matrix>,
    out: &Matrix,
) -> Result<()> {
    out.check_f32("out")?;
    a.check_shape(name, out.rows(), out.cols())?;
    if let Some(b) = b {
        b.check_shape("b", out.rows(), out.cols())?;
    }
    if out.cols() == 0 {
        return Ok(());
    }
    let ctx = rec.context().clone();
    let cols = word("columns", out.cols())?;
    let b = b.unwrap_or(a);
    let mut all = Vec::new();
    for rows in row_chunks(&ctx, &[a, b, out]) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (a, b, out) = (place(name, a)?, place("b", b)?, place("out", out)?);
        // what lies between rows must not be written
        let width = Width::of(a.vec4 && b.vec4 && out.vec4 && cols.is_multiple_of(4));
        let elements = |values: u32| values / width.columns();
        let params = add_scaled::Params {
            rows: word("rows", rows.len())?,
            cols: elements(cols),
            a_base: elements(a.base),
            a_stride: elements(a.stride),
            b_base: elements(b.base),
            b_stride: elements(b.stride),
            out_base: elements(out.base),
            out_stride: elements(out.stride),
            factor,
            addend,
        };
        let bindings = add_scaled::Bindings { a: a.binding, b: b.binding, out: out.binding };
        all.push(Dispatch::threads(width.variant(), &params, bindings, params.rows * params.cols));
    }
    record(rec, all);
    Ok(())
}
