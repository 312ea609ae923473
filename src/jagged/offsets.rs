//! Where segments begin, checked on the device.

use std::sync::Arc;

use super::complete_cumsum;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::feature::{NONE, Status};
use crate::kernels::{check_offsets, check_report};
use crate::{Error, Result};

/// Offsets of segments in device memory: segment `i` is made of the values from offset `i` to the next.
///
/// The number of values is the host's to say. Kernels check that the offsets begin at 0, never fall and end
/// at this number. If they do not, all operations on them do nothing, and waiting for a submission with one
/// of these, or for a readback of it, gives [`Error::Offsets`].
#[derive(Debug, Clone)]
pub struct Offsets {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Whose offsets, for messages.
    name: String,
    buffer: Buffer,
    segments: u32,
    values: u32,
    counts: Option<Counts>,
    status: Buffer,
}

/// What is known of every `every`-th offset.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    every: u32,
    begins: Vec<u32>,
}

impl Counts {
    /// Of tensors with this many examples, and values of each feature, whose sum is a `u32`; without examples
    /// there is nothing to know.
    pub(super) fn new(batch: u32, counts: &[u32]) -> Option<Self> {
        let mut end = 0;
        let ends = counts.iter().map(|count| {
            end += count;
            end
        });
        (batch > 0).then(|| Self { every: batch, begins: std::iter::once(0).chain(ends).collect() })
    }
}

impl Offsets {
    /// Offsets (`u32`, `[segments + 1]`) of `values` values. The buffer is used where it is, and must stay as
    /// it is until the operations on it are done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no offset, there are values but no segments, or one of the two
    /// is 2^32 - 1 or more; [`Error::WrongContext`] or [`Error::LimitExceeded`] if the buffer cannot be used
    /// there.
    pub fn new(rec: &mut Recorder, offsets: Buffer, values: usize) -> Result<Self> {
        Self::checked(rec, "offsets".to_owned(), offsets, count("values", values)?, None)
    }

    /// The offsets of segments with these lengths (`u32`, `[segments]`), `values` in all.
    ///
    /// # Errors
    /// As [`Offsets::new`].
    pub fn from_lengths(rec: &mut Recorder, lengths: &Buffer, values: usize) -> Result<Self> {
        let values = count("values", values)?;
        rec.whole(|rec| {
            let offsets = complete_cumsum(rec, lengths)?;
            Self::checked(rec, "the sums of the lengths".to_owned(), offsets, values, None)
        })
    }

    /// Number of segments.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.inner.segments as usize
    }

    /// Number of values in all segments.
    #[must_use]
    pub fn values(&self) -> usize {
        self.inner.values as usize
    }

    /// The offsets: `u32`, `[segments + 1]`.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.inner.buffer
    }

    /// The words that kernels obey.
    pub(super) fn status(&self) -> &Buffer {
        &self.inner.status
    }

    /// Records the checks of offsets called `name`.
    pub(super) fn checked(
        rec: &mut Recorder,
        name: String,
        buffer: Buffer,
        values: u32,
        counts: Option<Counts>,
    ) -> Result<Self> {
        let ctx = rec.context().clone();
        let segments = match u32::try_from(buffer.size() / 4) {
            Ok(0) => return Err(Error::invalid(name, "one more than segments", "none")),
            Ok(entries) => entries - 1,
            Err(_) => return Err(Error::invalid(name, "fewer than 2^32", buffer.size() / 4)),
        };
        if segments == 0 && values > 0 {
            return Err(Error::invalid("values", "none, for no segments", values));
        }
        buffer.check_home(&ctx, "offsets")?;
        buffer.check_bindable(&ctx, || name.clone())?;
        // until this recorder is submitted, other recorders see offsets that must not be used
        let status = ctx.allocate("embag.status", size_of::<Status>() as u64)?;
        let this = Self {
            inner: Arc::new(Inner { name, buffer, segments, values, counts, status: status.clone() }),
        };
        rec.whole(|rec| {
            rec.upload(&status, bytemuck::bytes_of(&Status::CLEAN).to_vec());
            this.record_checks(rec)?;
            this.guard(rec)
        })?;
        Ok(this)
    }

    fn record_checks(&self, rec: &mut Recorder) -> Result<()> {
        let Inner { buffer, segments, values, counts, status, .. } = &*self.inner;
        let begins = counts.as_ref().map_or(&[0][..], |counts| &counts.begins);
        let begins = rec.scratch_from("embag.begins", begins)?;
        let params = check_offsets::Params {
            bags: *segments,
            ids: *values,
            batch: counts.as_ref().map_or(0, |counts| counts.every),
            longest: u32::MAX,
            counted: counts.is_some().into(),
            room: 0,
        };
        let bindings = check_offsets::Bindings { status: status.clone(), offsets: buffer.clone(), begins };
        rec.dispatch(Dispatch::threads(0, &params, bindings, segments + 1));
        // no ids are wrong here: only a wrong offset is looked up
        let params = check_report::Params { batch: 1, bags: *segments };
        let bindings =
            check_report::Bindings { status: status.clone(), offsets: buffer.clone(), ids: buffer.clone() };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
        Ok(())
    }

    /// Makes a recorder's submission give the errors of these offsets.
    pub(super) fn guard(&self, rec: &mut Recorder) -> Result<()> {
        self.inner.buffer.check_home(rec.context(), "offsets")?;
        let inner = self.inner.clone();
        rec.watch(&self.inner.status, move |words| inner.checked(words));
        Ok(())
    }
}

impl Inner {
    /// What the checks found.
    fn checked(&self, words: &[u32]) -> Result<()> {
        let status = Status::of(words);
        match status.bad_offset {
            _ if status.checked == 0 => Err(Error::invalid(
                self.name.clone(),
                "ones whose own recorder was submitted before",
                "some that were not checked yet",
            )),
            NONE => Ok(()),
            index => Err(Error::Offsets {
                argument: self.name.clone(),
                index: index as usize,
                expected: self.expected(index, status.previous),
                got: status.value.into(),
            }),
        }
    }

    /// What the first wrong offset should have been.
    fn expected(&self, index: u32, previous: u32) -> String {
        let counts = self.counts.as_ref().filter(|counts| index.is_multiple_of(counts.every));
        if index == 0 {
            "0".to_owned()
        } else if index == self.segments {
            format!("{} (the number of values)", self.values)
        } else if let Some(counts) = counts {
            format!("{} (by the counts)", counts.begins[(index / counts.every) as usize])
        } else {
            format!("{previous} to {}", self.values)
        }
    }
}

/// A number of values, or of other things that are numbered below 2^32 - 1.
pub(super) fn count(name: &str, number: usize) -> Result<u32> {
    match u32::try_from(number) {
        Ok(number) if number < u32::MAX => Ok(number),
        _ => Err(Error::invalid(name, "fewer than 2^32 - 1", number)),
    }
}
