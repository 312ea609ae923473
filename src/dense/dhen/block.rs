//! What modules have in common.

use std::fmt::Debug;

use crate::dense::record_scale;
use crate::dense::trained::{Trained, Training};
use crate::{Matrix, Precision, Recorder, Result};

/// A module of a layer: from the tokens of `x` to those of `out`. What a call recorded before it failed is for
/// the caller to take back.
pub(super) trait Block: Debug + Send + Sync {
    /// Records the forward pass.
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()>;

    /// Records the gradients of the parameters and, added to `dx`, of the input, after [`Block::forward`] for the
    /// same `x`. `dout` stays as it is.
    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()>;

    /// The parts with parameters, by what comes before their names.
    fn parts(&self) -> Vec<(String, &dyn Trained)>;

    /// The optimizers of these parts.
    fn trainings(&mut self) -> Vec<&mut Training>;
}

/// A matrix in scratch memory, its rows at multiples of four values.
pub(super) fn scratch(rec: &mut Recorder, rows: usize, cols: usize) -> Result<Matrix> {
    room(rec, rows, cols, cols.next_multiple_of(4))
}

/// [`scratch`] without gaps between rows.
pub(super) fn dense_scratch(rec: &mut Recorder, rows: usize, cols: usize) -> Result<Matrix> {
    room(rec, rows, cols, cols)
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

fn room(rec: &mut Recorder, rows: usize, cols: usize, stride: usize) -> Result<Matrix> {
    let bytes = (rows * stride) as u64 * 4;
    if bytes > rec.context().limits().binding {
        // scratch must fit a binding; this lives as long as what is recorded
        return Matrix::output(Precision::F32, rec.context(), rows, stride)?.columns(0, cols);
    }
    Matrix::new(rec.scratch("embag.dhen", bytes)?, rows, cols, stride)
}
