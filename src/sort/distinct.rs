//! The distinct ones among sorted keys.

use std::ops::Range;

use super::prefix_sum;
use crate::Result;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::{segment_heads, unique_rows};
use crate::numbers::narrow;

/// Sorted keys, of which those in a range count.
pub(crate) struct SortedKeys {
    /// At least as many as there is room for distinct ones.
    pub(crate) len: u32,
    pub(crate) keys: Buffer,
    pub(crate) range: Range<u32>,
    /// Nothing is found if it is refused.
    pub(crate) status: Buffer,
}

impl SortedKeys {
    /// Records that the distinct keys, less the first of the range, are written to `rows`, which has room for
    /// them, and their number to `total`. Gives the positions where the segment of each begins, and where the
    /// last one ends.
    pub(crate) fn record_distinct(self, rec: &mut Recorder, rows: &Buffer, total: &Buffer) -> Result<Buffer> {
        let Self { len, keys, range, status } = self;
        let begins = rec.scratch("embag.begins", rows.size() + 4)?;
        rec.scope(|rec| {
            let places = rec.scratch("embag.places", (u64::from(len) + 1) * 4)?;
            let params = segment_heads::Params { len, key_begin: range.start, key_end: range.end };
            let bindings = segment_heads::Bindings { status, keys: keys.clone(), heads: places.clone() };
            rec.dispatch(Dispatch::threads(0, &params, bindings, len + 1));
            prefix_sum(rec, &places, len + 1)?;
            let params = unique_rows::Params {
                len,
                key_begin: range.start,
                key_end: range.end,
                // no more than keys
                rows: narrow(rows.size() / 4),
            };
            let bindings = unique_rows::Bindings {
                keys,
                places,
                rows: rows.clone(),
                begins: begins.clone(),
                total: total.clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, len));
            Ok(begins)
        })
    }
}
