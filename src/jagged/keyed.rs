//! Jagged tensors of several features.

use super::complete_cumsum;
use super::offsets::{Counts, Offsets, count};
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::segment_lengths;
use crate::numbers::narrow;
use crate::{DeviceBatch, Error, Result};

/// A KeyedJaggedTensor in device memory: `[features, batch]` segments of 4-byte values, and perhaps weights.
///
/// Segment `f * batch + b` holds the values of feature `f` and example `b`. Its offsets are checked on the
/// device, see [`Offsets`]; an operation on a bad tensor does nothing. What operations make is a tensor of
/// its own, with memory of its own, and fails if its input does.
///
/// Operations must know how many values each tensor has that they make: from the number of values of each
/// feature (`counts`), if those are known, else from the caller. The device checks both.
#[derive(Debug, Clone)]
pub struct KeyedJagged {
    pub(super) features: u32,
    pub(super) batch: u32,
    pub(super) offsets: Offsets,
    pub(super) values: Buffer,
    pub(super) weights: Option<Buffer>,
    pub(super) counts: Option<Vec<u32>>,
}

impl KeyedJagged {
    /// A tensor of `features` features over buffers, which must stay as they are until the operations on it
    /// are done.
    ///
    /// `ids` may be any 4-byte values, `weights` any 4-byte values too, one for each.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a buffer has the wrong size, the counts are not one a feature or their
    /// sum is not the number of values, or there are 2^32 - 1 segments or values or more;
    /// [`Error::WrongContext`] or [`Error::LimitExceeded`] if a buffer cannot be used there.
    pub fn new(rec: &mut Recorder, features: usize, given: DeviceBatch) -> Result<Self> {
        let DeviceBatch { batch, ids: values, bags, lengths, weights, counts, examples, room } = given;
        if examples.is_some() {
            return Err(Error::invalid("examples", "none: one number of examples for all features", "some"));
        }
        if room {
            return Err(Error::invalid("room", "none: as many ids as the buffer holds", "some"));
        }
        let (features, batch) = (count("features", features)?, count("batch", batch)?);
        let segments = segments(features, batch)?;
        let len = count("ids", usize::try_from(values.size() / 4).unwrap_or(usize::MAX))?;
        if segments == 0 && len > 0 {
            return Err(Error::invalid("ids", "none, for no segments", len));
        }
        let entries = u64::from(segments) + u64::from(!lengths);
        if bags.size() != entries * 4 {
            let what = if lengths { "lengths" } else { "offsets" };
            return Err(Error::invalid(what, format!("{entries} values"), bags.size() / 4));
        }
        if let Some(weights) = weights.as_ref().filter(|weights| weights.size() != values.size()) {
            let expected = format!("{len} values, one for each id");
            return Err(Error::invalid("weights", expected, weights.size() / 4));
        }
        for (argument, buffer) in [("ids", Some(&values)), ("weights", weights.as_ref())] {
            if let Some(buffer) = buffer {
                buffer.check_home(rec.context(), argument)?;
                buffer.check_bindable(rec.context(), || argument.to_owned())?;
            }
        }
        let counts = counts.map(|counts| checked_counts(features, &counts, len)).transpose()?;
        let known = counts.as_ref().and_then(|counts| Counts::new(batch, counts));
        let offsets = rec.whole(|rec| match lengths {
            true => {
                let offsets = complete_cumsum(rec, &bags)?;
                Offsets::checked(rec, "the sums of the lengths".to_owned(), offsets, len, known)
            }
            false => Offsets::checked(rec, "offsets".to_owned(), bags, len, known),
        })?;
        Ok(Self { features, batch, offsets, values, weights, counts })
    }

    /// The same tensor with the number of values of each feature, which the device checks.
    ///
    /// Operations that drop or repeat features need them, and tensors made by [`KeyedJagged::bucketize`] and
    /// others do not have them; they are in the offsets, which can be read back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the counts are not one a feature or their sum is not the number of
    /// values.
    pub fn counted(&self, rec: &mut Recorder, counts: &[usize]) -> Result<Self> {
        let counts = checked_counts(self.features, counts, self.len())?;
        self.offsets.guard(rec)?;
        let known = Counts::new(self.batch, &counts);
        let buffer = self.offsets.buffer().clone();
        let offsets = Offsets::checked(rec, "offsets".to_owned(), buffer, self.len(), known)?;
        Ok(Self { offsets, counts: Some(counts), ..self.clone() })
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features as usize
    }

    /// Number of examples.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch as usize
    }

    /// The offsets of the `features * batch` segments.
    #[must_use]
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// The values of all segments.
    #[must_use]
    pub fn values(&self) -> &Buffer {
        &self.values
    }

    /// The weights of all values, if they have any.
    #[must_use]
    pub fn weights(&self) -> Option<&Buffer> {
        self.weights.as_ref()
    }

    /// The number of values of each feature, where the host knows them.
    #[must_use]
    pub fn counts(&self) -> Option<Vec<usize>> {
        self.counts.as_ref().map(|counts| counts.iter().map(|&count| count as usize).collect())
    }

    /// The length of each segment: `u32`, `[features, batch]`.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn lengths(&self, rec: &mut Recorder) -> Result<Buffer> {
        self.offsets.guard(rec)?;
        let segments = self.features * self.batch;
        let lengths = rec.context().allocate("embag.lengths", u64::from(segments) * 4)?;
        let order = rec.scratch_from("embag.order", &[0u32])?;
        // all segments as one feature
        let params = segment_lengths::Params {
            segments,
            batch: segments,
            other_batch: segments,
            piece: 1,
            ..Default::default()
        };
        let bindings = segment_lengths::Bindings {
            status: self.offsets.status().clone(),
            offsets: self.offsets.buffer().clone(),
            order,
            lengths: lengths.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, segments));
        Ok(lengths)
    }

    /// The tensor as the ids of a batch, for
    /// [`EmbeddingBags::batch_from_device`](crate::EmbeddingBags::batch_from_device).
    #[must_use]
    pub fn to_device_batch(&self) -> DeviceBatch {
        let (ids, offsets) = (self.values.clone(), self.offsets.buffer().clone());
        DeviceBatch {
            weights: self.weights.clone(),
            counts: self.counts(),
            ..DeviceBatch::from_offsets(self.batch(), ids, offsets)
        }
    }

    /// Number of values.
    pub(super) fn len(&self) -> u32 {
        // it was one when the offsets were made
        narrow(self.offsets.values())
    }
}

/// The number of segments of a tensor.
pub(super) fn segments(features: u32, batch: u32) -> Result<u32> {
    match features.checked_mul(batch) {
        Some(segments) if segments < u32::MAX => Ok(segments),
        _ => {
            let got = format!("{features} features x {batch} examples");
            Err(Error::invalid("segments", "fewer than 2^32 - 1", got))
        }
    }
}

fn checked_counts(features: u32, counts: &[usize], values: u32) -> Result<Vec<u32>> {
    let sum = counts.iter().fold(0usize, |sum, &count| sum.saturating_add(count));
    if counts.len() != features as usize || sum != values as usize {
        return Err(Error::invalid(
            "counts",
            format!("{features} numbers whose sum is {values}"),
            format!("{} numbers whose sum is {sum}", counts.len()),
        ));
    }
    // each is at most the sum, which is a u32
    Ok(counts.iter().map(|&count| narrow(count)).collect())
}
