//! Sums of lengths.

use crate::device::{Buffer, Recorder};
use crate::sort::prefix_sum;
use crate::{Error, Result};

/// Offsets of lengths (`u32`): the sum of those before each, and at the end the sum of all; `[n]` becomes `[n
/// + 1]`.
///
/// Sums are modulo 2^32. This is FBGEMM's `asynchronous_complete_cumsum`.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are 2^32 - 1 lengths or more, [`Error::LimitExceeded`] or
/// [`Error::Device`] if the memory cannot be had.
pub fn complete_cumsum(rec: &mut Recorder, lengths: &Buffer) -> Result<Buffer> {
    let count = lengths.size() / 4;
    let Some(entries) = u32::try_from(count).ok().and_then(|count| count.checked_add(1)) else {
        return Err(Error::invalid("lengths", "fewer than 2^32 - 1", count));
    };
    lengths.check_home(rec.context(), "lengths")?;
    let sums = rec.context().allocate("embag.offsets", u64::from(entries) * 4)?;
    sums.check_bindable(rec.context(), || "the sums of the lengths".to_owned())?;
    rec.whole(|rec| {
        // one entry more, which is 0, makes the last one the sum of all
        rec.copy(lengths, &sums.part(0, lengths.size()))?;
        rec.scope(|rec| prefix_sum(rec, &sums, entries))
    })?;
    Ok(sums)
}

/// The sum of the lengths before each and its own: `[n]` stays `[n]`.
///
/// # Errors
/// As [`complete_cumsum`].
pub fn inclusive_cumsum(rec: &mut Recorder, lengths: &Buffer) -> Result<Buffer> {
    let sums = rec.context().allocate("embag.sums", lengths.size())?;
    let all = complete_cumsum(rec, lengths)?;
    rec.copy(&all.part(4, lengths.size()), &sums)?;
    Ok(sums)
}

/// The sum of the lengths before each: `[n]` stays `[n]`.
///
/// # Errors
/// As [`complete_cumsum`].
pub fn exclusive_cumsum(rec: &mut Recorder, lengths: &Buffer) -> Result<Buffer> {
    Ok(complete_cumsum(rec, lengths)?.part(0, lengths.size()))
}
