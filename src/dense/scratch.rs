//! Matrices that live no longer than what is recorded.

use super::record_scale;
use crate::{Matrix, Precision, Recorder, Result};

/// A matrix in scratch memory, its rows at multiples of four values.
pub(super) fn scratch(rec: &mut Recorder, rows: usize, cols: usize) -> Result<Matrix> {
    of_stride(rec, rows, cols, cols.next_multiple_of(4))
}

/// [`scratch`] without gaps between rows.
pub(super) fn dense_scratch(rec: &mut Recorder, rows: usize, cols: usize) -> Result<Matrix> {
    of_stride(rec, rows, cols, cols)
}

/// The matrix, or a copy of it, without gaps between rows.
pub(super) fn dense(rec: &mut Recorder, x: &Matrix) -> Result<Matrix> {
    if x.stride() == x.cols() {
        return Ok(x.clone());
    }
    let copy = dense_scratch(rec, x.rows(), x.cols())?;
    record_scale(rec, x, 1.0, &copy)?;
    Ok(copy)
}

fn of_stride(rec: &mut Recorder, rows: usize, cols: usize, stride: usize) -> Result<Matrix> {
    let bytes = (rows * stride) as u64 * 4;
    if bytes > rec.context().limits().binding {
        // scratch must fit a binding; this lives as long as what is recorded
        return Matrix::output(Precision::F32, rec.context(), rows, stride)?.columns(0, cols);
    }
    Matrix::new(rec.scratch("embag.dense", bytes)?, rows, cols, stride)
}
