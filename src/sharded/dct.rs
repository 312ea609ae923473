//! How gradients are thresholded before they are sent.

use serde::{Deserialize, Serialize};

use crate::{Error, Precision, Result};

/// Dynamic communication thresholding of the gradients of dense layers (DCT-DP; Gupta et al., "Training
/// recommender systems at scale: communication-efficient model and data parallelism", KDD 2021): of the
/// values of each matrix only the largest travel, and what stays behind is added to the next step's.
///
/// A rank sends the values whose size reaches a threshold, the size that [`share`](Dct::share) of them
/// reached when it was last chosen. Since what stays behind grows, a threshold that is old lets about twice
/// as much through. Each rank adds up a slice of all values, rank after rank, and sends the sums.
///
/// ```
/// use embag::Precision;
/// use embag::sharded::{Dct, Downlink};
///
/// let dct = Dct { values: Precision::F16, downlink: Downlink::Thresholded, ..Dct::new(0.01) };
/// assert_eq!((dct.share, dct.lifespan), (0.01, 500));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Dct {
    /// What is sent of a matrix's values when its threshold is chosen, above 0 and at most 1 (eta); at least
    /// one value.
    pub share: f32,
    /// Steps for which a threshold is kept.
    pub lifespan: u32,
    /// Whether thresholds are chosen at steps 1, 3, 10, 30, 100 and 300 too: the first one, of gradients
    /// without anything left behind, is much too low.
    pub early: bool,
    /// What of the sums is sent back.
    pub downlink: Downlink,
    /// What values travel as: [`Precision::F32`], or [`Precision::F16`] with a power of two as the scale of
    /// each message. What rounding takes away stays behind.
    pub values: Precision,
    /// Whether what stays behind is kept. Without it what is not sent is lost, and models become worse.
    pub error_feedback: bool,
}

/// What of the sums is sent to all ranks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Downlink {
    /// All that are not zero. The ranks' largest values are not in the same places: these are many more than
    /// what a rank has sent.
    #[default]
    Union,
    /// The largest, by thresholds of the rank that adds up; what stays behind is added to its next sums.
    Thresholded,
}

impl Dct {
    /// With this share, thresholds that are kept for 500 steps and chosen early too, exact sums, `f32`
    /// values.
    #[must_use]
    pub const fn new(share: f32) -> Self {
        Self {
            share,
            lifespan: 500,
            early: true,
            downlink: Downlink::Union,
            values: Precision::F32,
            error_feedback: true,
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(Error::invalid("share", "a share above 0, of at most 1", self.share));
        }
        if self.lifespan == 0 {
            return Err(Error::invalid("lifespan", "at least 1", 0));
        }
        if self.values == Precision::Bf16 {
            return Err(Error::invalid("values", "F32 or F16", "Bf16"));
        }
        Ok(())
    }

    /// Whether thresholds are chosen at a step, of which the first is 1.
    pub(super) fn chooses_at(&self, step: u32) -> bool {
        let early = self.early && [3, 10, 30, 100, 300].contains(&step);
        step == 1 || early || step.is_multiple_of(self.lifespan)
    }

    pub(super) fn half(&self) -> bool {
        self.values == Precision::F16
    }
}
