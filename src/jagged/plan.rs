//! What the operations on matrices share: shape checks, and cutting what is too large for one binding.

use std::ops::Range;

use crate::device::{Buffer, Context, Matrix, Place};
use crate::{Error, Result};

/// A size as a kernel's parameter.
pub(super) fn word(name: &str, size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|_| Error::invalid(name, "a size below 2^32", size))
}

/// Refuses a matrix of another shape.
pub(super) fn check(name: &str, matrix: &Matrix, rows: usize, cols: usize) -> Result<()> {
    if (matrix.rows, matrix.cols) != (rows, cols) {
        let got = format!("{} x {}", matrix.rows, matrix.cols);
        return Err(Error::invalid(name, format!("{rows} x {cols}"), got));
    }
    Ok(())
}

/// Ranges of rows that can be bound at once in each of the matrices, which have equally many.
pub(super) fn row_chunks(ctx: &Context, matrices: &[&Matrix]) -> Vec<Range<usize>> {
    let rows = matrices.first().map_or(0, |matrix| matrix.rows);
    let at_once = matrices.iter().map(|matrix| matrix.rows_at_once(ctx)).min().unwrap_or(rows);
    (0..rows).step_by(at_once).map(|first| first..(first + at_once).min(rows)).collect()
}

/// Where a matrix lies as a binding, which is empty for one without values.
pub(super) fn place(ctx: &Context, name: &'static str, matrix: &Matrix) -> Result<Place> {
    match matrix.span() {
        0 => {
            // a view may begin anywhere, a binding only at multiples of the alignment: at 0, then
            let binding = Buffer { offset: 0, size: 0, ..matrix.buffer.clone() };
            Ok(Place { binding, base: 0, stride: 0, vec4: true })
        }
        _ => matrix.place(ctx, name),
    }
}
