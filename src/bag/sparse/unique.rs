//! The distinct rows among sorted keys.

use std::ops::Range;

use super::SparseGradient;
use crate::Result;
use crate::device::{Buffer, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::{segment_heads, unique_rows};
use crate::sort::prefix_sum;

/// Sorted keys, of which those in a range are the rows of a table.
pub(super) struct Keys {
    /// At least as many as the gradient has room for.
    pub(super) len: u32,
    pub(super) buffer: Buffer,
    pub(super) range: Range<u32>,
    /// Nothing is found if it is refused.
    pub(super) status: Buffer,
}

impl Keys {
    /// Records that the distinct rows and their number are written to a gradient, which has room for them. Gives the
    /// positions where the segment of each row begins, and where the last one ends.
    pub(super) fn record(self, rec: &mut Recorder, out: &SparseGradient) -> Result<Buffer> {
        let Self { len, buffer, range, status } = self;
        let begins = rec.scratch("embag.begins", (out.capacity() as u64 + 1) * 4)?;
        rec.scope(|rec| {
            let places = rec.scratch("embag.places", (u64::from(len) + 1) * 4)?;
            let params = segment_heads::Params { len, key_begin: range.start, key_end: range.end };
            let bindings = vec![status, buffer.clone(), places.clone()];
            rec.dispatch(Dispatch::threads(&segment_heads::KERNEL, 0, &params, bindings, len + 1));
            prefix_sum(rec, &places, len + 1)?;
            let params = unique_rows::Params {
                len,
                key_begin: range.start,
                key_end: range.end,
                // counted by a `u32` when it was made
                rows: u32::try_from(out.capacity()).unwrap_or(u32::MAX),
            };
            let bindings = vec![buffer, places, out.rows.clone(), begins.clone(), out.total.clone()];
            rec.dispatch(Dispatch::threads(&unique_rows::KERNEL, 0, &params, bindings, len));
            Ok(begins)
        })
    }
}
