//! What the operations share: shape checks, and cutting batches that are too large for one binding.

use std::ops::Range;

use crate::device::Dispatch;
use crate::kernels::linear::SLICE;
use crate::{Context, Matrix, Recorder};

/// Rows that one thread may sum over: software adapters end loops that are too long (see
/// `Context::loop_limit`).
pub(super) fn longest_sum(ctx: &Context) -> usize {
    // half of the limit is for the loops inside and around it
    ctx.loop_limit().map_or(usize::MAX, |limit| limit as usize / 2 / SLICE as usize * SLICE as usize)
}

/// Ranges of rows that can be bound, and summed over, at once in each of the matrices, which have equally
/// many.
pub(crate) fn row_chunks(ctx: &Context, matrices: &[&Matrix]) -> Vec<Range<usize>> {
    let rows = matrices.first().map_or(0, |matrix| matrix.rows);
    let at_once = matrices.iter().map(|matrix| matrix.rows_at_once(ctx)).min().unwrap_or(rows);
    let at_once = at_once.min(longest_sum(ctx)).max(1);
    (0..rows).step_by(at_once).map(|first| first..(first + at_once).min(rows)).collect()
}

/// Records dispatches that were all planned without an error.
pub(crate) fn record(rec: &mut Recorder, dispatches: Vec<Dispatch>) {
    for dispatch in dispatches {
        rec.dispatch(dispatch);
    }
}
