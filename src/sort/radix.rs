//! Stable least-significant-digit radix sort of `u32` keys.

use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernel::Shape;
use crate::kernels::sort_count::{self, Params};
use crate::kernels::{sort_scan, sort_scatter};
use crate::{Error, Result};

/// Sorted keys, and where each was before.
#[derive(Debug, Clone)]
pub struct Sorted {
    /// The keys in ascending order.
    pub keys: Buffer,
    /// For each the position it came from; ascending among equal keys.
    pub positions: Buffer,
}

/// Sorts the first `len` keys by their lowest `bits` bits (1 to 32); only as many passes run as the bits
/// need.
///
/// The result lies in scratch memory, valid until the recorder is submitted; `keys` is left as it is.
///
/// # Errors
/// [`Error::InvalidArgument`] if `keys` is smaller than `len` or `bits` is not 1 to 32,
/// [`Error::LimitExceeded`] if the keys are larger than a binding.
pub fn sort_by_key(rec: &mut Recorder, keys: &Buffer, len: u32, bits: u32) -> Result<Sorted> {
    sort(rec, keys, len, bits, None)
}

/// [`sort_by_key`] whose last pass writes terms (two words each) in place of the positions that they are at.
pub(crate) fn sort_terms(
    rec: &mut Recorder,
    [keys, terms]: [&Buffer; 2],
    sorted_terms: &Buffer,
    len: u32,
    bits: u32,
) -> Result<Buffer> {
    Ok(sort(rec, keys, len, bits, Some([terms, sorted_terms]))?.keys)
}

fn sort(
    rec: &mut Recorder,
    keys: &Buffer,
    len: u32,
    bits: u32,
    terms: Option<[&Buffer; 2]>,
) -> Result<Sorted> {
    let bytes = u64::from(len) * 4;
    if keys.size() < bytes {
        return Err(Error::invalid("keys", format!("{bytes} bytes for {len} keys"), keys.size()));
    }
    if !(1..=32).contains(&bits) {
        return Err(Error::invalid("bits", "1 to 32", bits));
    }
    let plan = Plan::new(rec, len, bits);
    let mut pair = || -> Result<Sorted> {
        Ok(Sorted { keys: rec.scratch("embag.sort", bytes)?, positions: rec.scratch("embag.sort", bytes)? })
    };
    let (mut from, mut to) = (pair()?, pair()?);
    if len == 0 {
        return Ok(from);
    }
    let counters = u64::from(plan.tiles + 1) << plan.digit_bits;
    let histogram = rec.scratch("embag.histogram", counters * 4)?;
    let unused = [rec.scratch("embag.unused", 8)?, rec.scratch("embag.unused", 8)?];
    let groups = sort_count::groups(plan.shape, plan.tiles);
    let variant = usize::from(plan.shape != Shape::Wide);
    let scatter = sort_scatter::variant(plan.shape, rec.context().sorts_by_subgroups());
    for pass in 0..plan.passes {
        let shift = pass * plan.digit_bits;
        let digit_bits = plan.digit_bits.min(bits - shift);
        let gathered = terms.filter(|_| pass + 1 == plan.passes);
        let params = Params {
            len,
            tile: plan.tile,
            tiles: plan.tiles,
            shift,
            digits: 1 << digit_bits,
            first: u32::from(pass == 0),
            rounds: digit_bits.div_ceil(sort_count::ROUND_BITS),
            gather: u32::from(gathered.is_some()),
        };
        let source = if pass == 0 { keys.clone() } else { from.keys.clone() };
        let bindings = sort_count::Bindings { keys: source.clone(), histogram: histogram.clone() };
        rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        let bindings = sort_scan::Bindings { histogram: histogram.clone() };
        let rows = sort_scan::groups(plan.shape, params.digits);
        rec.dispatch(Dispatch::new(variant, &params, bindings, rows));
        let [terms, terms_out] = gathered.unwrap_or([&unused[0], &unused[1]]);
        let bindings = sort_scatter::Bindings {
            histogram: histogram.clone(),
            keys_in: source,
            values_in: from.positions.clone(),
            keys_out: to.keys.clone(),
            values_out: to.positions.clone(),
            terms: terms.clone(),
            terms_out: terms_out.clone(),
        };
        rec.dispatch(Dispatch::new(scatter, &params, bindings, groups));
        std::mem::swap(&mut from, &mut to);
    }
    Ok(from)
}

/// How a sort is cut into passes and tiles. The result does not depend on it: every pass is stable.
struct Plan {
    shape: Shape,
    passes: u32,
    digit_bits: u32,
    tile: u32,
    tiles: u32,
}

/// Digits of the CPU twin: 2^11 counters and write places fit its first-level cache.
const CPU_BITS: u32 = 11;
/// Tiles of software adapters, a thread each.
const SERIAL_TILES: u32 = 64;
/// A thread walks a tile and, twice, its counters: software adapters end loops after 65,535 iterations.
const SERIAL_TILE: u32 = 1 << 15;

impl Plan {
    fn new(rec: &Recorder, len: u32, bits: u32) -> Self {
        let ctx = rec.context();
        let shape = ctx.shape();
        let (most_bits, tile) = if ctx.is_cpu() {
            // two tiles a thread even out a slow one; below 8,192 keys a thread is not worth waking
            let threads = u32::try_from(ctx.threads().count()).unwrap_or(1);
            (CPU_BITS, len.div_ceil(threads * 2).max(8192))
        } else if shape == Shape::Wide {
            (sort_count::WIDE_BITS, sort_count::WIDE * sort_count::SHARE)
        } else {
            (sort_count::SERIAL_BITS, len.div_ceil(SERIAL_TILES).clamp(64, SERIAL_TILE))
        };
        let tiles = len.div_ceil(tile);
        // a counter for each digit and tile, and a sum for each digit, must fit a binding
        let counters = ctx.limits().binding / 4 / u64::from(tiles + 1);
        let passes = bits.div_ceil(most_bits.min(counters.max(2).ilog2()));
        let digit_bits = bits.div_ceil(passes);
        Self { shape, passes, digit_bits, tile, tiles }
    }
}
