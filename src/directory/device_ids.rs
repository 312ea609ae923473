//! Batches of raw ids from device memory.

use crate::device::{Buffer, Context};
use crate::{Error, Result};

/// Raw ids that already lie in device memory, in the layout of a KeyedJaggedTensor.
///
/// Buffers are used where they are, without a copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeviceIds {
    /// Number of examples.
    pub batch: usize,
    /// The ids (`u64`) of all bags, one after the other.
    pub ids: Buffer,
    /// `u32` offsets, one more than bags, or lengths, as many as bags.
    pub bags: Buffer,
    /// Whether `bags` holds lengths rather than offsets.
    pub lengths: bool,
    /// Ids of each feature, which are checked too.
    pub counts: Vec<usize>,
    /// One `f32` for each id.
    pub weights: Option<Buffer>,
    /// Examples of each feature, if they differ; `bags` then holds lengths, one feature's after the other's.
    pub examples: Option<Vec<usize>>,
}

impl DeviceIds {
    /// `batch` examples of each feature with ids (`u64`) one after the other, `counts` of them of each
    /// feature, and `u32` offsets, one more than bags.
    #[must_use]
    pub fn from_offsets(batch: usize, ids: Buffer, offsets: Buffer, counts: Vec<usize>) -> Self {
        Self { batch, ids, bags: offsets, lengths: false, counts, weights: None, examples: None }
    }

    /// [`DeviceIds::from_offsets`] with `u32` lengths, as many as bags.
    #[must_use]
    pub fn from_lengths(batch: usize, ids: Buffer, lengths: Buffer, counts: Vec<usize>) -> Self {
        Self { lengths: true, ..Self::from_offsets(batch, ids, lengths, counts) }
    }

    /// Sets the per-sample weights: one `f32` for each id.
    #[must_use]
    pub fn weights(mut self, weights: Buffer) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Sets a number of examples for each feature, of which the batch's is the largest; bags are given by
    /// lengths then.
    #[must_use]
    pub fn examples(mut self, examples: Vec<usize>) -> Self {
        self.examples = Some(examples);
        self
    }

    /// Refuses sizes that disagree, and ids of elsewhere.
    pub(crate) fn check(&self, ctx: &Context, features: usize) -> Result<()> {
        let count = self.ids.size() / 8;
        let sum = self.counts.iter().fold(0usize, |sum, &count| sum.saturating_add(count));
        if self.counts.len() != features || sum as u64 != count || !self.ids.size().is_multiple_of(8) {
            return Err(Error::invalid(
                "counts",
                format!("{features} numbers whose sum is that of {} bytes of ids, 8 each", self.ids.size()),
                format!("{} numbers whose sum is {sum}", self.counts.len()),
            ));
        }
        if u32::try_from(count).is_err() {
            return Err(Error::invalid("ids", "fewer than 2^32", count));
        }
        self.ids.check_home(ctx, "ids")?;
        self.ids.check_bindable(ctx, || "ids".to_owned())
    }
}
