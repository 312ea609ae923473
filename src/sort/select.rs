//! The key of a rank, without sorting.

use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernel::Shape;
use crate::kernels::select_count::{self, DIGITS};
use crate::kernels::select_digit;
use crate::{Error, Result};

/// Records the search of the key that `keys` would have at `rank` (from 0) if its first `len` keys were
/// sorted; `out` (one `u32`) gets it. Four passes of 8 bits over the keys, exact.
///
/// Floats that are not negative are in the order of their bits, so that this also finds exact quantiles of
/// them; NaN come last.
///
/// # Errors
/// [`Error::InvalidArgument`] if `keys` is smaller than `len`, `rank` is not below it or `out` is not one
/// word, [`Error::LimitExceeded`] if the keys are larger than a binding.
pub fn select(rec: &mut Recorder, keys: &Buffer, len: u32, rank: u32, out: &Buffer) -> Result<()> {
    select_of(rec, Keys { buffer: keys, first: 0, stride: 1, len, significant: u32::MAX }, rank, out)
}

/// Records the search of the least size that a share of `values` floats has, at least one of them; they are
/// among `len` floats of a buffer from `first` on, of which the others are zeros. `out` gets its bits.
pub(crate) fn select_share(
    rec: &mut Recorder,
    buffer: &Buffer,
    (first, len): (u32, u32),
    (values, share): (u32, f32),
    out: &Buffer,
) -> Result<()> {
    #[allow(clippy::cast_possible_truncation, reason = "a share of a number of 32 bits")]
    let reach = (f64::from(values) * f64::from(share)) as u32;
    // without their highest bit floats are their sizes
    let keys = Keys { buffer, first, stride: 1, len, significant: i32::MAX as u32 };
    select_of(rec, keys, len - reach.max(1), out)
}

/// Some of the keys in a buffer: `len` of them from the first on, `stride` from one to the next.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    pub(crate) buffer: &'a Buffer,
    pub(crate) first: u32,
    pub(crate) stride: u32,
    pub(crate) len: u32,
    /// The bits that count: all but the highest are the sizes of floats.
    pub(crate) significant: u32,
}

/// [`select`] of some of the keys in a buffer.
pub(crate) fn select_of(rec: &mut Recorder, keys: Keys<'_>, rank: u32, out: &Buffer) -> Result<()> {
    let Keys { buffer: keys, first, stride, len, significant } = keys;
    let last = u64::from(len.saturating_sub(1)) * u64::from(stride) + u64::from(first);
    let bytes = if len == 0 { 0 } else { (last + 1) * 4 };
    if keys.size() < bytes {
        return Err(Error::invalid("keys", format!("{bytes} bytes for {len} keys"), keys.size()));
    }
    if rank >= len {
        return Err(Error::invalid("rank", format!("less than the {len} keys"), rank));
    }
    if out.size() != 4 {
        return Err(Error::invalid("out", "4 bytes", out.size()));
    }
    let ctx = rec.context().clone();
    keys.check_home(&ctx, "keys")?;
    keys.check_bindable(&ctx, || "keys".to_owned())?;
    out.check_home(&ctx, "out")?;
    let shape = ctx.shape();
    // a tile for each thread of a software adapter, or enough of them to keep a GPU busy
    let tile = if shape == Shape::Wide { DIGITS * 16 } else { len.div_ceil(256).clamp(64, 1 << 14) };
    let groups = select_count::groups(shape, len.div_ceil(tile));
    rec.whole(|rec| {
        rec.scope(|rec| {
            let found = rec.scratch_starting("embag.found", &[0u32, rank])?;
            let counts = rec.scratch("embag.counts", u64::from(DIGITS) * 4)?;
            rec.clear(&counts);
            let mut mask = 0;
            for shift in [24, 16, 8, 0] {
                let params = select_count::Params { len, first, stride, tile, shift, mask, significant };
                let bindings = select_count::Bindings {
                    keys: keys.clone(),
                    found: found.clone(),
                    counts: counts.clone(),
                };
                let variant = usize::from(shape != Shape::Wide);
                rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
                let params = select_digit::Params { shift };
                let bindings = select_digit::Bindings { counts: counts.clone(), found: found.clone() };
                rec.dispatch(Dispatch::new(0, &params, bindings, 1));
                mask |= 255 << shift;
            }
            rec.copy(&found.part(0, 4), out)
        })
    })
}
