//! Exclusive prefix sum, reduce-then-scan.

use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernel::Shape;
use crate::kernels::scan_reduce::{BLOCK, Params};
use crate::kernels::{scan_apply, scan_reduce};
use crate::{Error, Result};

/// Replaces each of the first `len` values (`u32`) by the sum of those before it, modulo 2^32.
///
/// Blocks are summed, the sums are scanned in the same way, and the blocks are scanned from there; no group
/// waits for another, so no forward progress is assumed.
///
/// # Errors
/// [`Error::InvalidArgument`] if `values` is smaller than `len`, [`Error::LimitExceeded`] if it is larger
/// than a binding.
pub fn prefix_sum(rec: &mut Recorder, values: &Buffer, len: u32) -> Result<()> {
    let bytes = u64::from(len) * 4;
    if values.size() < bytes {
        return Err(Error::invalid("values", format!("{bytes} bytes for {len} values"), values.size()));
    }
    if len == 0 {
        return Ok(());
    }
    let shape = rec.context().shape();
    let variant = usize::from(shape != Shape::Wide);
    let blocks = len.div_ceil(BLOCK);
    let groups = scan_reduce::groups(shape, blocks);
    let sums = rec.scratch("embag.scan_sums", u64::from(blocks) * 4)?;
    let params = Params { len, block: BLOCK, carry: u32::from(blocks > 1) };
    if blocks > 1 {
        let bindings = scan_reduce::Bindings { values: values.clone(), sums: sums.clone() };
        rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        prefix_sum(rec, &sums, blocks)?;
    }
    let bindings = scan_apply::Bindings { sums, values: values.clone() };
    rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
    Ok(())
}
