//! What sees a layer's values, batch after batch.

use serde::{Deserialize, Serialize};

use super::followed_by::FollowedBy;
use super::histogram::Histogram;
use super::{check_finite, kl, l2};
use crate::quant::ActivationRange;
use crate::{Context, Error, Matrix, Result};

/// How a range is chosen from the values that were seen. It always holds 0, whose code must be exact.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// From the least value to the greatest.
    MinMax,
    /// From the average of the batches' least values to that of their greatest: `m += share (batch's - m)`,
    /// from the first batch's on.
    MovingAverage {
        /// Above 0, and 1 at most; PyTorch's default is 0.01.
        share: f32,
    },
    /// The least squared error of rounding, over all ranges of bins of a histogram.
    L2,
    /// Nearly that, found by a walk from the greatest range inward.
    L2Approx,
    /// The least Kullback-Leibler divergence of values and codes.
    Kl,
}

/// Sees the values of one activation and chooses a range for its codes.
///
/// Values are kept as two bounds, or as a histogram of up to 2,048 bins whose range grows.
#[derive(Debug, Clone, PartialEq)]
pub struct Observer {
    calibration: Calibration,
    levels: u16,
    seen: Seen,
}

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Bounds(Option<(f32, f32)>),
    Histogram(Histogram),
}

impl Observer {
    /// An observer that has seen nothing, for activations of 8 bits.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a share that is not above 0 and at most 1.
    pub fn new(calibration: Calibration) -> Result<Self> {
        let seen = match calibration {
            Calibration::MovingAverage { share } if !(share > 0.0 && share <= 1.0) => {
                return Err(Error::invalid("share", "above 0 and at most 1", share));
            }
            Calibration::MinMax | Calibration::MovingAverage { .. } => Seen::Bounds(None),
            Calibration::L2 | Calibration::L2Approx | Calibration::Kl => {
                Seen::Histogram(Histogram::default())
            }
        };
        Ok(Self { calibration, levels: 256, seen })
    }

    /// Chooses for another number of codes than 256.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for less than 2 codes or more than 256.
    pub fn levels(mut self, levels: u16) -> Result<Self> {
        if !(2..=256).contains(&levels) {
            return Err(Error::invalid("levels", "from 2 to 256", levels));
        }
        self.levels = levels;
        Ok(self)
    }

    /// Shows it a batch of values; an empty one is nothing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a value that is not finite; the batch counts for nothing then.
    pub fn observe(&mut self, values: &[f32]) -> Result<()> {
        check_finite("values", values)?;
        let Some(&first) = values.first() else { return Ok(()) };
        match &mut self.seen {
            Seen::Histogram(histogram) => histogram.add(values),
            Seen::Bounds(bounds) => {
                let of = |pick: fn(f32, f32) -> f32| values.iter().copied().fold(first, pick);
                let batch = (of(f32::min), of(f32::max));
                *bounds = Some(match (*bounds, self.calibration) {
                    (None, _) => batch,
                    (Some((min, max)), Calibration::MovingAverage { share }) => {
                        let toward = |from: f32, to: f32| from * (1.0 - share) + to * share;
                        (toward(min, batch.0), toward(max, batch.1))
                    }
                    (Some((min, max)), _) => (min.min(batch.0), max.max(batch.1)),
                });
            }
        }
        Ok(())
    }

    /// Shows it the values of a matrix, read from the device; blocks.
    ///
    /// # Errors
    /// As [`Observer::observe`], and [`Error::Device`] if the device fails.
    pub fn observe_matrix(&mut self, ctx: &Context, matrix: &Matrix) -> Result<()> {
        self.observe(&matrix.to_vec(ctx)?)
    }

    /// The range for the values that were seen, if `followed_by` is all that reads them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing was seen.
    pub fn range(&self, followed_by: FollowedBy) -> Result<ActivationRange> {
        let nothing = || Error::invalid("values", "at least one seen", 0);
        let limits = followed_by.limits();
        match &self.seen {
            Seen::Bounds(bounds) => {
                let (min, max) = bounds.ok_or_else(nothing)?;
                #[expect(clippy::cast_possible_truncation, reason = "between values of f32")]
                let (low, high) = (limits.0 as f32, limits.1 as f32);
                Ok(ActivationRange { min: min.min(0.0).max(low), max: max.max(0.0).min(high) })
            }
            Seen::Histogram(histogram) if histogram.is_empty() => Err(nothing()),
            Seen::Histogram(histogram) => {
                let bins = histogram.within(limits);
                let search = match self.calibration {
                    Calibration::Kl => kl::search,
                    Calibration::L2Approx => l2::approximate,
                    _ => l2::exact,
                };
                Ok(bins.range(search(&bins, self.levels)))
            }
        }
    }
}
