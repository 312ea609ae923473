//! The difference of two models' normalized entropy on the same examples.

use serde::{Deserialize, Serialize};

use crate::metrics::{check_logits, check_probabilities, label_entropy, loss_of_logit, loss_of_probability};
use crate::{Error, Result};

/// Normal quantile of a two-sided interval of 95 %.
const Z_95: f64 = 1.959_963_984_540_054;

/// Losses of two models on the same examples: the reference, and the one held against it.
///
/// Batches are added one after the other; what was added to several (by threads, say) can be merged. Sums are
/// `f64`.
///
/// ```
/// use embag::quant::accuracy::PairedNe;
///
/// let mut pair = PairedNe::default();
/// let labels = [1.0, 0.0, 0.0, 1.0];
/// pair.add_logits(&[1.0, -2.0, -0.5, 2.0], &[0.9, -2.1, -0.4, 2.0], &labels)?;
/// let difference = pair.difference()?;
/// assert!(difference.lower < difference.percent && difference.percent < difference.upper);
/// println!("{difference}");
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PairedNe {
    examples: u64,
    labels: f64,
    /// Losses of the reference, and the differences to them: sums, squares and products.
    loss: f64,
    diff: f64,
    loss_loss: f64,
    loss_diff: f64,
    diff_diff: f64,
}

/// What [`PairedNe`] comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NeDifference {
    /// Examples that both models were measured on.
    pub examples: u64,
    /// Normalized entropy of the reference.
    pub reference: f64,
    /// Normalized entropy of the other model.
    pub other: f64,
    /// By how much the other's is larger than the reference's, in percent of the reference's; negative if it
    /// is smaller.
    pub percent: f64,
    /// Lower end of the confidence interval of `percent`.
    pub lower: f64,
    /// Upper end of the confidence interval of `percent`.
    pub upper: f64,
}

impl PairedNe {
    /// Adds examples by the logits of both models, the values in front of the sigmoid.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the lengths differ, a logit is not finite or a label not from 0 to 1;
    /// nothing is added then.
    pub fn add_logits(&mut self, reference: &[f32], other: &[f32], labels: &[f32]) -> Result<()> {
        for (name, logits) in [("reference", reference), ("other", other)] {
            check_logits(name, logits, labels)?;
            // an infinite loss leaves no difference to speak of
            if let Some(at) = logits.iter().position(|z| z.is_infinite()) {
                return Err(Error::invalid(name, "finite logits", format!("{} at {at}", logits[at])));
            }
        }
        self.add(reference, other, labels, loss_of_logit);
        Ok(())
    }

    /// Adds examples by the probabilities that both models give, kept off 0 and 1 as in
    /// [`log_loss`](crate::metrics::log_loss).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the lengths differ, or a value is not from 0 to 1; nothing is added
    /// then.
    pub fn add_probabilities(&mut self, reference: &[f32], other: &[f32], labels: &[f32]) -> Result<()> {
        check_probabilities("reference", reference, labels)?;
        check_probabilities("other", other, labels)?;
        self.add(reference, other, labels, loss_of_probability);
        Ok(())
    }

    fn add(&mut self, reference: &[f32], other: &[f32], labels: &[f32], loss: fn(f32, f32) -> f64) {
        for ((&r, &o), &y) in reference.iter().zip(other).zip(labels) {
            let a = loss(r, y);
            let d = loss(o, y) - a;
            self.labels += f64::from(y);
            self.loss += a;
            self.diff += d;
            self.loss_loss += a * a;
            self.loss_diff += a * d;
            self.diff_diff += d * d;
        }
        self.examples += labels.len() as u64;
    }

    /// Adds what was added to another.
    pub fn merge(&mut self, other: &Self) {
        self.examples += other.examples;
        self.labels += other.labels;
        self.loss += other.loss;
        self.diff += other.diff;
        self.loss_loss += other.loss_loss;
        self.loss_diff += other.loss_diff;
        self.diff_diff += other.diff_diff;
    }

    /// Number of examples added.
    #[must_use]
    pub fn examples(&self) -> u64 {
        self.examples
    }

    /// The difference with an interval of 95 %.
    ///
    /// # Errors
    /// As [`PairedNe::difference_at`].
    pub fn difference(&self) -> Result<NeDifference> {
        self.difference_at(Z_95)
    }

    /// The difference, and an interval of `z` standard errors to either side.
    ///
    /// Both entropies are divided by that of the labels, so that the relative difference is the ratio `R =
    /// mean(d) / mean(a)` of the losses' differences `d` to the reference's losses `a`. By the delta method
    /// its variance is `mean((d - R a)^2) / (n mean(a)^2)`: only what the two models do not share counts.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] without an example, if all labels are 0 or all are 1, if the reference
    /// makes no loss, or for a `z` that is negative or no number.
    pub fn difference_at(&self, z: f64) -> Result<NeDifference> {
        if !(z.is_finite() && z >= 0.0) {
            return Err(Error::invalid("z", "a number from 0 on", z));
        }
        if self.examples == 0 {
            return Err(Error::invalid("examples", "at least one", 0));
        }
        let count = self.examples as f64;
        let entropy = label_entropy(self.labels / count)?;
        if self.loss <= 0.0 {
            return Err(Error::invalid("reference", "a loss above 0", self.loss));
        }
        let ratio = self.diff / self.loss;
        let residuals = self.diff_diff - 2.0 * ratio * self.loss_diff + ratio * ratio * self.loss_loss;
        // of equal models the rounded sum may end below 0
        let deviation = residuals.max(0.0).sqrt() / self.loss;
        let reference = self.loss / count / entropy;
        Ok(NeDifference {
            examples: self.examples,
            reference,
            other: reference * (1.0 + ratio),
            percent: 100.0 * ratio,
            lower: 100.0 * (ratio - z * deviation),
            upper: 100.0 * (ratio + z * deviation),
        })
    }
}

impl std::fmt::Display for NeDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "NE {:.6} against {:.6}: {:+.4} % ({:+.4} to {:+.4})",
            self.other, self.reference, self.percent, self.lower, self.upper
        )
    }
}
