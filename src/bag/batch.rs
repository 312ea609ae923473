//! A batch in device memory.

use std::ops::Range;
use std::sync::Arc;

use super::device_batch::begins;
use super::{Pooling, Schema};
use crate::device::{Buffer, Context, Ground, Recorder};
use crate::kernels::feature::Status;
use crate::numbers::narrow;
use crate::{Error, Result};

/// A jagged batch in the layout of a KeyedJaggedTensor, in device memory and checked against its tables.
///
/// The ids of all bags lie one after the other, feature by feature and example by example; bag `f * batch +
/// b` holds the ids from offset `f * batch + b` to the next.
#[derive(Debug, Clone)]
pub struct JaggedBatch {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug, Clone)]
pub(crate) struct Inner {
    pub(crate) ctx: Context,
    pub(crate) schema: Arc<Schema>,
    /// Bags of each feature; the last of some are not there, and empty, if the batch is variable.
    pub(crate) batch: u32,
    /// Examples of each feature, if they differ.
    pub(crate) examples: Option<Vec<u32>>,
    /// The features that there are outputs of, if not of all.
    pub(crate) only: Option<Vec<usize>>,
    pub(crate) ids: u32,
    pub(crate) ids_buffer: Buffer,
    pub(crate) offsets: Buffer,
    pub(crate) weights: Option<Buffer>,
    pub(crate) status: Buffer,
    /// No bag has more ids.
    pub(crate) longest: u32,
    /// Whether the offsets were made of lengths.
    pub(crate) from_lengths: bool,
    /// Whether the bags may have fewer ids than there are.
    pub(crate) room: bool,
    /// Ids of each feature, where the host knows them.
    pub(crate) counts: Option<Vec<u32>>,
    /// The windows that the ids lie in, where the host knows them.
    pub(crate) touched: Option<Vec<bool>>,
    /// Ids out of range that were skipped, where the host counted them.
    pub(crate) skipped: Option<u64>,
    /// Whether there are raw ids, of which those without a row are counted on the device.
    pub(crate) raw: bool,
    /// The directories that raw ids were looked up in, and how often their rows had moved.
    pub(crate) grounds: Vec<(Ground, u64)>,
}

impl JaggedBatch {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Number of examples; the most that a feature has, if they differ.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.batch as usize
    }

    /// Whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.batch == 0
    }

    /// Number of ids in all bags.
    #[must_use]
    pub fn ids(&self) -> usize {
        self.inner.ids as usize
    }

    /// Whether ids and offsets are known to be right: those of the host were checked when the batch was made.
    /// Those from device memory are checked by kernels; if they are wrong, a submission that uses them says
    /// so, and has written nothing.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.inner.skipped.is_some()
    }

    /// Number of examples of a feature.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such feature.
    pub fn examples_of(&self, feature: &str) -> Result<usize> {
        let index = self.inner.schema.find(feature)?;
        Ok(self.inner.examples_of(index) as usize)
    }

    /// Whether features have different numbers of examples.
    #[must_use]
    pub fn is_variable(&self) -> bool {
        let Inner { batch, .. } = *self.inner;
        self.inner.features().any(|feature| self.inner.examples_of(feature) != batch)
    }

    /// Columns of the outputs side by side.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.inner.schema.columns(self.inner.features())
    }

    /// The columns that a feature has in the outputs side by side.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such feature, or the batch is
    /// [only](super::BatchBuilder::only) of others.
    pub fn columns_of(&self, feature: &str) -> Result<Range<usize>> {
        self.inner.schema.columns_of(feature, self.inner.features())
    }

    /// The same bags with other per-sample weights: one `f32` for each id, on the device, where they are used
    /// without a copy.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is not one for each id, or a feature is a maximum,
    /// [`Error::WrongContext`], and [`Error::LimitExceeded`] if they are too many to bind.
    pub fn with_weights(&self, weights: Buffer) -> Result<Self> {
        let Inner { ctx, schema, ids, .. } = &*self.inner;
        checked_weights(ctx, schema, self.inner.features(), *ids, &weights)?;
        Ok(Self::new(Inner { weights: Some(weights), ..(*self.inner).clone() }))
    }

    /// The same batch with keys in place of its ids, and what they are checked against.
    pub(crate) fn keyed(&self, ids_buffer: Buffer, schema: &Arc<Schema>) -> Self {
        Self::new(Inner { ids_buffer, schema: schema.clone(), ..(*self.inner).clone() })
    }

    /// The same batch of features that are pooled in another way.
    pub(crate) fn pooled(&self, pooling: Pooling) -> Self {
        let schema = self.inner.schema.changed(|spec| spec.pooling = pooling);
        Self::new(Inner { schema: Arc::new(schema), ..(*self.inner).clone() })
    }

    /// Number of ids of a feature, if the host knows it (for host batches, and device batches that came with
    /// counts).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such feature.
    pub fn ids_of(&self, feature: &str) -> Result<Option<usize>> {
        let index = self.inner.schema.find(feature)?;
        Ok(self.inner.counts.as_ref().map(|counts| counts[index] as usize))
    }

    /// Number of ids out of range that [`Bounds::Skip`](super::Bounds::Skip) left out, and of raw ids without
    /// a row. Reads from the device, and so waits for it, if the batch was made there or has raw ids.
    ///
    /// # Errors
    /// The errors of the batch itself, if it is bad.
    pub fn skipped(&self) -> Result<u64> {
        match self.inner.skipped {
            Some(skipped) if !self.inner.raw => Ok(skipped),
            Some(skipped) => {
                let words = self.inner.status.read(&self.inner.ctx)?;
                Ok(skipped + u64::from(Status::of(&words).skipped))
            }
            None => {
                let words = self.inner.status.read(&self.inner.ctx)?;
                self.inner.checked(&words).map(|status| u64::from(status.skipped))
            }
        }
    }

    /// Makes a recorder's submission give this batch's errors.
    pub(crate) fn guard(&self, rec: &mut Recorder) {
        for (ground, moved) in &self.inner.grounds {
            rec.stood_on(ground, *moved);
        }
        // host batches were checked when they were built
        if !self.is_checked() {
            let inner = self.inner.clone();
            rec.watch(&self.inner.status, move |words| inner.checked(words).map(drop));
        }
    }

    /// Whether the batch was built for this schema.
    pub(crate) fn fits(&self, schema: &Arc<Schema>) -> Result<()> {
        if Arc::ptr_eq(&self.inner.schema, schema) {
            return Ok(());
        }
        Err(Error::invalid("batch", "one that was built for these bags", "one that was built for others"))
    }

    /// Output rows of a feature: examples if it is pooled, ids if it is a sequence.
    pub(crate) fn rows_of(&self, feature: usize) -> Result<u32> {
        if self.inner.schema.features[feature].pooling != Pooling::None {
            return Ok(self.inner.examples_of(feature));
        }
        match &self.inner.counts {
            Some(counts) => Ok(counts[feature]),
            None => Err(Error::invalid(
                format!("feature \"{}\"", self.inner.schema.features[feature].name),
                "a device batch with counts, as the feature is a sequence",
                "one without",
            )),
        }
    }

    /// Whether a dispatch for this window can be left out.
    pub(crate) fn misses(&self, window: usize) -> bool {
        self.inner.touched.as_ref().is_some_and(|touched| !touched[window])
    }
}

/// Whether these can be the weights of as many ids of some features.
pub(super) fn checked_weights(
    ctx: &Context,
    schema: &Schema,
    mut features: impl Iterator<Item = usize>,
    ids: u32,
    weights: &Buffer,
) -> Result<()> {
    if weights.size() != u64::from(ids) * 4 {
        let expected = format!("{ids} values, one for each id");
        return Err(Error::invalid("weights", expected, weights.size() / 4));
    }
    if let Some(feature) = features.find(|&feature| schema.features[feature].pooling == Pooling::Max) {
        let argument = format!("weights, with feature \"{}\"", schema.features[feature].name);
        return Err(Error::invalid(argument, "none, for a maximum", "some"));
    }
    weights.check_home(ctx, "weights")?;
    weights.check_bindable(ctx, || "weights".to_owned())
}

impl Inner {
    /// The features that there are outputs of.
    pub(crate) fn features(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        let all = self.only.is_none().then(|| 0..self.schema.features.len());
        all.into_iter().flatten().chain(self.only.iter().flatten().copied())
    }

    pub(crate) fn examples_of(&self, feature: usize) -> u32 {
        if self.only.as_ref().is_some_and(|only| !only.contains(&feature)) {
            return 0;
        }
        self.examples.as_ref().map_or(self.batch, |examples| examples[feature])
    }

    /// What the checks of a device batch found.
    fn checked(&self, words: &[u32]) -> Result<Status> {
        let status = Status::of(words);
        let name = |feature: u32| self.schema.features[feature as usize].name.clone();
        if status.checked == 0 {
            return Err(Error::invalid(
                "batch",
                "a device batch whose own recorder was submitted before",
                "one that was not checked yet",
            ));
        }
        if status.bad_offset != u32::MAX {
            return Err(Error::Offsets {
                argument: if self.from_lengths { "the sums of the lengths" } else { "offsets" }.to_owned(),
                expected: self.expected_offset(status),
                index: status.bad_offset as usize,
                got: status.value.into(),
            });
        }
        if status.bad_position != u32::MAX {
            return Err(Error::IdOutOfRange {
                feature: name(status.feature),
                example: status.example as usize,
                position: status.bad_position as usize,
                id: status.value.into(),
                rows: self.schema.features[status.feature as usize].shape.rows.into(),
            });
        }
        Ok(status)
    }

    /// What the first wrong offset should have been.
    fn expected_offset(&self, status: Status) -> String {
        let bags = self.batch * narrow(self.schema.features.len());
        let index = status.bad_offset;
        if index == 0 {
            "0".to_owned()
        } else if status.value <= self.ids
            && status.value.saturating_sub(status.previous) > self.ctx.longest_bag()
        {
            format!("at most {} ids in a bag on a software adapter", self.ctx.longest_bag())
        } else if index == bags && !self.room {
            format!("{} (the number of ids)", self.ids)
        } else if let (Some(counts), true) = (&self.counts, index.is_multiple_of(self.batch)) {
            format!("{} (by the counts)", begins(counts)[(index / self.batch) as usize])
        } else {
            format!("{} to {}", status.previous, self.ids)
        }
    }
}
