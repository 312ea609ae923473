//! Finds the values of a vector that are sent, and makes messages of them.

use std::ops::Range;

use super::message::{self, Coding};
use crate::device::{Buffer, Dispatch, Readback, Recorder};
use crate::kernel::Shape;
use crate::kernels::threshold_count::{TILE, groups};
use crate::kernels::{index_lengths, index_write, scatter_add, threshold_count, threshold_pack};
use crate::numbers::narrow;
use crate::sort::{prefix_sum, select_share};
use crate::{Context, Error, Result};

/// Sizes of floats from this one on, as bits, are not finite.
const INFINITE: u32 = 0x7f80_0000;

/// Some tiles of a vector with a threshold of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) tiles: Range<u32>,
    /// Those that are not padding.
    pub(super) values: u32,
}

/// A vector, in tiles, with its thresholds.
#[derive(Debug)]
pub(super) struct Compressor {
    ctx: Context,
    segments: Vec<Segment>,
    /// The segment of each tile.
    segment_of: Buffer,
    /// The least size that is sent of each segment, as bits.
    pub(super) thresholds: Buffer,
    tiles: u32,
    half: bool,
}

/// What is to be sent.
#[derive(Debug)]
pub(super) struct Counted {
    /// Of each tile.
    counts: Vec<u32>,
    /// The bits of its largest size.
    sizes: Vec<u32>,
    /// On the device: what tiles before send.
    offsets: Buffer,
    thresholds: Buffer,
}

impl Counted {
    /// The first tile with a value that is not finite.
    pub(super) fn not_finite(&self) -> Option<u32> {
        self.sizes.iter().position(|size| *size >= INFINITE).map(narrow)
    }

    /// The least sizes that it is by.
    pub(super) fn thresholds(&self) -> Buffer {
        self.thresholds.clone()
    }

    /// Values that are sent.
    pub(super) fn values(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }
}

/// Places of a message as they are read back.
struct Packed {
    values: Readback<f32>,
    codes: Vec<(Coding, Readback<u32>)>,
    /// Bytes of the gaps, if these were written.
    gap_bytes: Option<Readback<u32>>,
    half: Option<f32>,
}

impl Compressor {
    /// A vector of so many tiles, all of them in segments.
    pub(super) fn new(ctx: &Context, segments: Vec<Segment>, tiles: u32, half: bool) -> Result<Self> {
        let of_tile: Vec<u32> = (0u32..)
            .zip(&segments)
            .flat_map(|(number, segment)| segment.tiles.clone().map(move |_| number))
            .collect();
        let (needed, limit) = (u64::from(tiles) * u64::from(TILE) * 4, ctx.limits().binding);
        if needed > limit {
            let hint = "send all of them, without thresholds, or use a device with larger bindings";
            return Err(Error::LimitExceeded {
                what: "values that are thresholded".to_owned(),
                needed,
                limit,
                hint,
            });
        }
        let segment_of = ctx.allocate("embag.segments", of_tile.len() as u64 * 4)?;
        segment_of.write(ctx, 0, &of_tile)?;
        let thresholds = ctx.allocate("embag.thresholds", segments.len() as u64 * 4)?;
        Ok(Self { ctx: ctx.clone(), segments, segment_of, thresholds, tiles, half })
    }

    /// Finds what is to be sent of values, with thresholds as they are or, if a share is given, that it
    /// reaches now.
    pub(super) fn count(&self, values: &Buffer, share: Option<f32>) -> Result<Counted> {
        let bytes = u64::from(self.tiles) * 4;
        let (counts, sizes) =
            (self.ctx.allocate("embag.counts", bytes)?, self.ctx.allocate("embag.sizes", bytes)?);
        let mut rec = Recorder::new(&self.ctx);
        let thresholds = match share {
            Some(share) => self.record_choice(&mut rec, values, share)?,
            None => self.thresholds.clone(),
        };
        let params = threshold_count::Params { tiles: self.tiles, tile: TILE };
        let bindings = threshold_count::Bindings {
            segments: self.segment_of.clone(),
            thresholds: thresholds.clone(),
            values: values.clone(),
            counts: counts.clone(),
            sizes: sizes.clone(),
        };
        rec.dispatch(Dispatch::new(self.variant(), &params, bindings, groups(self.ctx.shape(), self.tiles)));
        let (own_counts, own_sizes) = (rec.readback(&counts), rec.readback(&sizes));
        prefix_sum(&mut rec, &counts, self.tiles)?;
        rec.run()?;
        Ok(Counted { counts: own_counts.wait()?, sizes: own_sizes.wait()?, offsets: counts, thresholds })
    }

    /// The sizes that a share of each segment's values reaches.
    fn record_choice(&self, rec: &mut Recorder, values: &Buffer, share: f32) -> Result<Buffer> {
        let chosen = self.ctx.allocate("embag.thresholds", self.segments.len() as u64 * 4)?;
        if share >= 1.0 {
            // all that are not zero, whatever is the smallest now
            return Ok(chosen);
        }
        for (place, segment) in (0u64..).zip(&self.segments) {
            let place = chosen.part(place * 4, 4);
            let part = (segment.tiles.start * TILE, narrow(segment.tiles.len()) * TILE);
            select_share(rec, values, part, (segment.values, share), &place)?;
        }
        Ok(chosen)
    }

    /// Makes a message of each range of tiles, with places from its first value on; of what is sent only what
    /// does not arrive stays among the values.
    pub(super) fn pack(
        &self,
        counted: &Counted,
        values: &Buffer,
        messages: &[Range<u32>],
    ) -> Result<Vec<Vec<u32>>> {
        let total = counted.values();
        let indices = self.ctx.allocate("embag.indices", total * 4)?;
        let packed = self.ctx.allocate("embag.packed", total * 4)?;
        let mut rec = Recorder::new(&self.ctx);
        let (mut all, mut first) = (Vec::new(), 0);
        for tiles in messages {
            let of = |list: &[u32]| list[tiles.start as usize..tiles.end as usize].to_vec();
            let len: u32 = of(&counted.counts).iter().sum();
            let largest = of(&counted.sizes).into_iter().max().unwrap_or(0);
            if len == 0 {
                all.push(None);
                continue;
            }
            let scale = scale_of(f32::from_bits(largest));
            let params = threshold_pack::Params {
                first: tiles.start,
                tiles: narrow(tiles.len()),
                tile: TILE,
                half: self.half.into(),
                scale,
                inverse: scale.recip(),
            };
            let bindings = threshold_pack::Bindings {
                segments: self.segment_of.clone(),
                thresholds: counted.thresholds.clone(),
                offsets: counted.offsets.clone(),
                values: values.clone(),
                indices: indices.clone(),
                packed: packed.clone(),
            };
            let groups = groups(self.ctx.shape(), params.tiles);
            rec.dispatch(Dispatch::new(self.variant(), &params, bindings, groups));
            let half = self.half.then_some(scale);
            let places = params.tiles * TILE;
            all.push(Some(record_message(&mut rec, &indices, &packed, (first, len), places, half)?));
            first += len;
        }
        rec.run()?;
        let written = all.into_iter().map(|packed| match packed {
            Some(packed) => packed.write(),
            None => Ok(Vec::new()),
        });
        written.collect()
    }

    fn variant(&self) -> usize {
        usize::from(self.ctx.shape() != Shape::Wide)
    }
}

/// Records the codes of places that may be the shortest, of `len` entries from `first` on in so many places.
fn record_message(
    rec: &mut Recorder,
    indices: &Buffer,
    packed: &Buffer,
    (first, len): (u32, u32),
    places: u32,
    half: Option<f32>,
) -> Result<Packed> {
    let part = |buffer: &Buffer| buffer.part(u64::from(first) * 4, u64::from(len) * 4);
    let width = if half.is_some() { 2 } else { 4 };
    // bytes; gaps take one an entry, and one more for each 255 places between two
    let (all, entries) = (u64::from(places), u64::from(len));
    let (bits, words, most_gaps) = (all.div_ceil(32) * 4, entries * 4, entries + all / 255);
    if all * width <= entries * width + bits.min(words) {
        let values = rec.scratch("embag.all_values", all * 4)?;
        rec.clear(&values);
        let params = scatter_add::Params { len, entry: first, first: 0, places };
        let bindings =
            scatter_add::Bindings { indices: indices.clone(), values: packed.clone(), out: values.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        let values = rec.readback(&values);
        return Ok(Packed { values, codes: Vec::new(), gap_bytes: None, half });
    }
    let mut codes = Vec::new();
    if words < bits.min(most_gaps) {
        codes.push((Coding::Words, rec.readback(&part(indices))));
    }
    if bits < most_gaps && bits < words {
        codes.push((Coding::Bits, record_code(rec, indices, None, (first, len), Coding::Bits, bits)?));
    }
    // one byte an entry is the least
    let mut gap_bytes = None;
    if entries < bits.min(words) {
        let lengths = rec.scratch("embag.gap_lengths", (entries + 1) * 4)?;
        rec.clear(&lengths);
        let bindings = index_lengths::Bindings { indices: indices.clone(), lengths: lengths.clone() };
        rec.dispatch(Dispatch::threads(0, &index_lengths::Params { len, first }, bindings, len));
        prefix_sum(rec, &lengths, len + 1)?;
        gap_bytes = Some(rec.readback(&lengths.part(entries * 4, 4)));
        let bytes = most_gaps.div_ceil(4) * 4;
        let code = record_code(rec, indices, Some(lengths), (first, len), Coding::Gaps, bytes)?;
        codes.push((Coding::Gaps, code));
    }
    Ok(Packed { values: rec.readback(&part(packed)), codes, gap_bytes, half })
}

fn record_code(
    rec: &mut Recorder,
    indices: &Buffer,
    offsets: Option<Buffer>,
    (first, len): (u32, u32),
    coding: Coding,
    bytes: u64,
) -> Result<Readback<u32>> {
    let words = rec.scratch("embag.code", bytes)?;
    rec.clear(&words);
    let params = index_write::Params { len, first, coding: coding as u32 };
    let nothing = rec.scratch("embag.nothing", 16)?;
    let bindings = index_write::Bindings {
        indices: indices.clone(),
        // bits need none
        offsets: offsets.unwrap_or(nothing),
        words: words.clone(),
    };
    rec.dispatch(Dispatch::threads(0, &params, bindings, len));
    Ok(rec.readback(&words))
}

impl Packed {
    /// The message, with the shortest of the codes.
    fn write(self) -> Result<Vec<u32>> {
        let values = self.values.wait()?;
        let mut codes = Vec::new();
        let gap_words = match self.gap_bytes {
            Some(bytes) => bytes.wait()?[0].div_ceil(4) as usize,
            None => 0,
        };
        for (coding, code) in self.codes {
            let mut code = code.wait()?;
            if coding == Coding::Gaps {
                code.truncate(gap_words);
            }
            codes.push((coding, code));
        }
        let shortest = codes.into_iter().min_by_key(|(_, code)| code.len());
        let (coding, code) = shortest.unwrap_or((Coding::All, Vec::new()));
        Ok(message::write(coding, self.half, &values, &code))
    }
}

/// The power of two that makes the largest value one of the largest halves.
fn scale_of(largest: f32) -> f32 {
    // 2^exponent is at most the largest; scaled it is 2^14, and what is next to twice of it still finite.
    // Scales beyond 2^100 would make numbers of what arrives that have no place among normal floats.
    let exponent = (largest.to_bits() >> 23) as i32 - 127;
    f32::from_bits((((14 - exponent).min(100) + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn scales_keep_the_largest_finite() {
        for largest in [1.0f32, 1.999_999_9, 3.0e-5, 6.1e7, f32::MAX, 1.0e-38, 0.75] {
            let scale = scale_of(largest);
            assert_eq!(scale.to_bits() & 0x7f_ffff, 0, "a power of two");
            let scaled = f16::from_f32(largest * scale);
            assert!(scaled.is_finite(), "{largest} {scale}");
            if largest > 1.0e-25 {
                assert!(scaled.to_f32() >= 16384.0, "{largest} {scale}");
            }
        }
    }
}
