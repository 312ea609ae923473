//! Jagged tensors made of segments of others: what permuting, splitting and joining share.

use std::ops::Range;

use super::KeyedJagged;
use super::keyed::segments;
use super::offsets::{Counts, Offsets, count};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::segment_lengths::Params;
use crate::kernels::{segment_copy, segment_lengths};
use crate::numbers::narrow;
use crate::sort::prefix_sum;
use crate::{Error, Result};

/// The number of values of a tensor that is made, and those of each feature where they are known.
pub(super) struct Size {
    pub(super) values: u32,
    pub(super) counts: Option<Vec<u32>>,
}

impl KeyedJagged {
    /// The size of a tensor made of whole features: by the counts, else what the caller says. A tensor of the
    /// same features in another order has the same.
    pub(super) fn size_of(&self, order: &[u32], values: Option<u32>, argument: &str) -> Result<Size> {
        let Some(counts) = &self.counts else {
            let mut sorted = order.to_vec();
            sorted.sort_unstable();
            let same = sorted.into_iter().eq(0..self.features).then(|| self.len());
            return match values.or(same) {
                Some(values) => Ok(Size { values, counts: None }),
                None => Err(Error::invalid(argument, "a number, as the tensor has no counts", "none")),
            };
        };
        let counts: Vec<u32> = order.iter().map(|&feature| counts[feature as usize]).collect();
        let sum: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        let sum = count(argument, usize::try_from(sum).unwrap_or(usize::MAX))?;
        if let Some(values) = values.filter(|&values| values != sum) {
            return Err(Error::invalid(argument, format!("{sum}, by the counts"), values));
        }
        Ok(Size { values: sum, counts: Some(counts) })
    }

    /// A tensor of these features and examples of this one.
    pub(super) fn gather(
        &self,
        rec: &mut Recorder,
        name: &str,
        order: &[u32],
        examples: Range<u32>,
        size: Size,
    ) -> Result<Self> {
        self.offsets.guard(rec)?;
        // they were counted when the order was checked
        let features = narrow(order.len());
        let shape = (features, examples.end - examples.start);
        let map = Map {
            order: rec.scratch_from("embag.order", order)?,
            params: Params {
                len: size.values,
                segments: segments(shape.0, shape.1)?,
                batch: shape.1,
                other_batch: self.batch,
                first: examples.start,
                scatter: 0,
                piece: 1,
            },
        };
        let sums = sums(rec, map.params.segments)?;
        map.record_lengths(rec, self, &sums);
        scan(rec, &sums, map.params.segments)?;
        let out = Self::made(rec, name, shape, sums, size, self.weights.is_some())?;
        map.record_copies(rec, self, &out);
        Ok(out)
    }

    /// A tensor that these become parts of, each from a feature and an example on.
    pub(super) fn scatter(
        rec: &mut Recorder,
        name: &str,
        parts: &[(&Self, u32, u32)],
        shape: (u32, u32),
        size: Size,
    ) -> Result<Self> {
        let segments = segments(shape.0, shape.1)?;
        let sums = sums(rec, segments)?;
        let mut maps = Vec::with_capacity(parts.len());
        for &(part, feature, example) in parts {
            part.offsets.guard(rec)?;
            let order: Vec<u32> = (feature..feature + part.features).collect();
            let map = Map {
                order: rec.scratch_from("embag.order", &order)?,
                params: Params {
                    len: part.len(),
                    segments: part.features * part.batch,
                    batch: part.batch,
                    other_batch: shape.1,
                    first: example,
                    scatter: 1,
                    piece: 1,
                },
            };
            map.record_lengths(rec, part, &sums);
            maps.push(map);
        }
        scan(rec, &sums, segments)?;
        let weighted = parts.iter().any(|(part, ..)| part.weights.is_some());
        let out = Self::made(rec, name, shape, sums, size, weighted)?;
        for ((part, ..), map) in parts.iter().zip(maps) {
            map.record_copies(rec, part, &out);
        }
        Ok(out)
    }

    /// A tensor of `[features, batch]` segments with these offsets, which are checked, and values that are to
    /// be written.
    pub(super) fn made(
        rec: &mut Recorder,
        name: &str,
        (features, batch): (u32, u32),
        offsets: Buffer,
        size: Size,
        weighted: bool,
    ) -> Result<Self> {
        let ctx = rec.context().clone();
        let buffer = |label: &str| -> Result<Buffer> {
            let buffer = ctx.allocate(label, u64::from(size.values) * 4)?;
            buffer.check_bindable(&ctx, || label.to_owned())?;
            Ok(buffer)
        };
        let values = buffer("embag.values")?;
        let weights = weighted.then(|| buffer("embag.weights")).transpose()?;
        let known = size.counts.as_ref().and_then(|counts| Counts::new(batch, counts));
        let offsets = Offsets::checked(rec, name.to_owned(), offsets, size.values, known)?;
        Ok(Self { features, batch, offsets, values, weights, counts: size.counts })
    }
}

/// Which segments of two tensors belong together.
struct Map {
    /// The feature of the other tensor for each of the one that is walked.
    order: Buffer,
    params: Params,
}

impl Map {
    fn record_lengths(&self, rec: &mut Recorder, source: &KeyedJagged, lengths: &Buffer) {
        let offsets = &source.offsets;
        let bindings = segment_lengths::Bindings {
            status: offsets.status().clone(),
            offsets: offsets.buffer().clone(),
            order: self.order.clone(),
            lengths: lengths.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &self.params, bindings, self.params.segments));
    }

    /// Copies values and weights; a refused source makes a refused target, whose status is enough.
    fn record_copies(&self, rec: &mut Recorder, source: &KeyedJagged, out: &KeyedJagged) {
        let scatter = self.params.scatter == 1;
        let (walked, other) = if scatter { (source, out) } else { (out, source) };
        let values = Some((&source.values, &out.values));
        for (from, to) in values.into_iter().chain(source.weights.as_ref().zip(out.weights.as_ref())) {
            let bindings = segment_copy::Bindings {
                status: out.offsets.status().clone(),
                begins: walked.offsets.buffer().clone(),
                other_begins: other.offsets.buffer().clone(),
                order: self.order.clone(),
                source: from.clone(),
                out: to.clone(),
            };
            rec.dispatch(Dispatch::threads(0, &self.params, bindings, self.params.len));
        }
    }
}

/// Memory for the lengths of segments, which become offsets: zeros, and one more than segments.
pub(super) fn sums(rec: &Recorder, segments: u32) -> Result<Buffer> {
    let sums = rec.context().allocate("embag.offsets", (u64::from(segments) + 1) * 4)?;
    sums.check_bindable(rec.context(), || "offsets".to_owned())?;
    Ok(sums)
}

/// Turns lengths into offsets.
fn scan(rec: &mut Recorder, sums: &Buffer, segments: u32) -> Result<()> {
    rec.scope(|rec| prefix_sum(rec, sums, segments + 1))
}
