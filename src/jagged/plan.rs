//! What the operations on matrices share: shape checks, and cutting what is too large for one binding.

use std::ops::Range;

use crate::Result;
use crate::device::{Buffer, Context, Matrix, Place};

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
