//! Metrics of click prediction, on the host and in `f64`.
//!
//! Labels count as positive if they are above 0.5 in [`auc`]; in the losses they may be anything from 0 to 1.

use crate::{Error, Result};

/// The area under the ROC curve: the probability that a positive example has a higher score than a negative
/// one, a tie counting half; what scikit-learn's `roc_auc_score` gives.
///
/// # Errors
/// [`Error::InvalidArgument`] if the lengths differ, a score or label is NaN, or all labels are alike.
pub fn auc(scores: &[f32], labels: &[f32]) -> Result<f64> {
    check("scores", scores, labels)?;
    let mut order: Vec<(f32, bool)> = scores.iter().zip(labels).map(|(&s, &y)| (s, y > 0.5)).collect();
    // not total_cmp: zeros of either sign tie
    order.sort_unstable_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal));
    let positives = order.iter().filter(|(_, positive)| *positive).count() as u64;
    let negatives = order.len() as u64 - positives;
    if positives == 0 || negatives == 0 {
        let got = format!("{positives} positive, {negatives} negative");
        return Err(Error::invalid("labels", "both positive and negative ones", got));
    }
    // twice the number of pairs in the right order, so that ties need no halves
    let (mut pairs, mut negatives_below) = (0u128, 0u64);
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let up = ties.iter().filter(|(_, positive)| *positive).count() as u64;
        let down = ties.len() as u64 - up;
        pairs += u128::from(up) * (2 * u128::from(negatives_below) + u128::from(down));
        negatives_below += down;
    }
    Ok(pairs as f64 / (2.0 * positives as f64 * negatives as f64))
}

/// The mean of `-y ln(p) - (1 - y) ln(1 - p)` over probabilities `p`; what scikit-learn's `log_loss` gives.
///
/// Probabilities are kept `f32::EPSILON` away from 0 and 1, as scikit-learn does for `f32`, so that the loss
/// is finite.
///
/// # Errors
/// [`Error::InvalidArgument`] if the lengths differ, there is no example, a value is NaN, or a probability or
/// label is not from 0 to 1.
pub fn log_loss(probabilities: &[f32], labels: &[f32]) -> Result<f64> {
    check_probabilities("probabilities", probabilities, labels)?;
    mean(probabilities.iter().zip(labels).map(|(&p, &y)| loss_of_probability(p, y)))
}

/// [`log_loss`] from logits, the values in front of the sigmoid.
///
/// # Errors
/// As [`log_loss`]; logits may be any number. The loss of an infinite one is 0 if its label is 1 (0 for
/// negative infinity), and else infinite.
pub fn log_loss_from_logits(logits: &[f32], labels: &[f32]) -> Result<f64> {
    check_logits("logits", logits, labels)?;
    mean(logits.iter().zip(labels).map(|(&z, &y)| loss_of_logit(z, y)))
}

/// The normalized entropy of He et al. (2014, section 3): [`log_loss`] over the entropy of the labels' mean.
/// Below 1 is better than always predicting the mean.
///
/// # Errors
/// As [`log_loss`], and [`Error::InvalidArgument`] if all labels are 0 or all are 1.
pub fn normalized_entropy(probabilities: &[f32], labels: &[f32]) -> Result<f64> {
    let loss = log_loss(probabilities, labels)?;
    Ok(loss / label_entropy(mean(labels.iter().map(|&y| f64::from(y)))?)?)
}

/// [`normalized_entropy`] from logits, the values in front of the sigmoid.
///
/// # Errors
/// As [`log_loss_from_logits`], and [`Error::InvalidArgument`] if all labels are 0 or all are 1.
pub fn normalized_entropy_from_logits(logits: &[f32], labels: &[f32]) -> Result<f64> {
    let loss = log_loss_from_logits(logits, labels)?;
    Ok(loss / label_entropy(mean(labels.iter().map(|&y| f64::from(y)))?)?)
}

/// The entropy of labels with this mean: what the loss is divided by.
pub(crate) fn label_entropy(rate: f64) -> Result<f64> {
    if rate <= 0.0 || rate >= 1.0 {
        return Err(Error::invalid("labels", "both positive and negative ones", format!("a mean of {rate}")));
    }
    Ok(cross_entropy(rate, rate))
}

/// One example's part of [`log_loss`].
pub(crate) fn loss_of_probability(p: f32, y: f32) -> f64 {
    let eps = f64::from(f32::EPSILON);
    cross_entropy(f64::from(p).clamp(eps, 1.0 - eps), y.into())
}

/// One example's part of [`log_loss_from_logits`].
pub(crate) fn loss_of_logit(z: f32, y: f32) -> f64 {
    let (z, y) = (f64::from(z), f64::from(y));
    if z.is_infinite() {
        let wrong = if z > 0.0 { 1.0 - y } else { y };
        return if wrong == 0.0 { 0.0 } else { f64::INFINITY };
    }
    z.max(0.0) - z * y + (-z.abs()).exp().ln_1p()
}

/// What [`log_loss`] asks of its arguments.
pub(crate) fn check_probabilities(name: &str, probabilities: &[f32], labels: &[f32]) -> Result<()> {
    check(name, probabilities, labels)?;
    check_range(name, probabilities)?;
    check_range("labels", labels)
}

/// What [`log_loss_from_logits`] asks of its arguments.
pub(crate) fn check_logits(name: &str, logits: &[f32], labels: &[f32]) -> Result<()> {
    check(name, logits, labels)?;
    check_range("labels", labels)
}

fn cross_entropy(p: f64, y: f64) -> f64 {
    -y * p.ln() - (1.0 - y) * (-p).ln_1p()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Result<f64> {
    let count = values.len();
    if count == 0 {
        return Err(Error::invalid("labels", "at least one example", 0));
    }
    Ok(values.sum::<f64>() / count as f64)
}

fn check(name: &str, values: &[f32], labels: &[f32]) -> Result<()> {
    if values.len() != labels.len() {
        let expected = format!("{} values, as many as labels", labels.len());
        return Err(Error::invalid(name, expected, values.len()));
    }
    for (name, values) in [(name, values), ("labels", labels)] {
        if let Some(at) = values.iter().position(|value| value.is_nan()) {
            return Err(Error::invalid(name, "numbers", format!("NaN at {at}")));
        }
    }
    Ok(())
}

fn check_range(name: &str, values: &[f32]) -> Result<()> {
    match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        Some(at) => Err(Error::invalid(name, "from 0 to 1", format!("{} at {at}", values[at]))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn auc_of_small_examples() {
        // the example of scikit-learn's documentation
        assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]).unwrap(), 0.75);
        assert_eq!(auc(&[0.5; 4], &[0.0, 1.0, 1.0, 0.0]).unwrap(), 0.5);
        assert_eq!(auc(&[-0.0, 0.0], &[0.0, 1.0]).unwrap(), 0.5);
        assert_eq!(auc(&[f32::NEG_INFINITY, f32::INFINITY], &[0.0, 1.0]).unwrap(), 1.0);
    }

    #[test]
    fn losses_of_small_examples() {
        // scikit-learn's example: log_loss([1, 0, 0, 1], [.9, .1, .2, .65])
        let (p, y) = ([0.9, 0.1, 0.2, 0.65], [1.0, 0.0, 0.0, 1.0]);
        let loss = log_loss(&p, &y).unwrap();
        assert_abs_diff_eq!(loss, 0.21616, epsilon = 1e-5);
        let entropy = normalized_entropy(&p, &y).unwrap();
        assert_abs_diff_eq!(entropy, loss / 2f64.ln(), epsilon = 1e-12);
        let logits = p.map(|p: f32| (p / (1.0 - p)).ln());
        assert_abs_diff_eq!(log_loss_from_logits(&logits, &y).unwrap(), loss, epsilon = 1e-6);
        // always wrong, and as sure as can be: finite
        let wrong = log_loss(&[1.0, 0.0], &[0.0, 1.0]).unwrap();
        assert_abs_diff_eq!(wrong, -f64::from(f32::EPSILON).ln(), epsilon = 1e-9);
        for (y, right, wrong) in
            [(1.0, f32::INFINITY, f32::NEG_INFINITY), (0.0, f32::NEG_INFINITY, f32::INFINITY)]
        {
            assert_eq!(log_loss_from_logits(&[right], &[y]).unwrap(), 0.0);
            assert_eq!(log_loss_from_logits(&[wrong], &[y]).unwrap(), f64::INFINITY);
            for soft in [f32::MIN_POSITIVE, 0.25, 1.0 - f32::EPSILON / 2.0] {
                assert_eq!(log_loss_from_logits(&[right], &[soft]).unwrap(), f64::INFINITY);
            }
        }
        // predicting the base rate has the normalized entropy 1
        let base = normalized_entropy(&[0.25; 4], &[0.0, 1.0, 0.0, 0.0]).unwrap();
        assert_abs_diff_eq!(base, 1.0, epsilon = 1e-12);
    }

    #[test]
    fn bad_input_is_refused() {
        let message = |result: Result<f64>| result.expect_err("it is bad").to_string();
        let text = message(auc(&[0.5], &[]));
        assert_eq!(text, "scores: expected 0 values, as many as labels, got 1");
        assert_eq!(message(auc(&[0.5, f32::NAN], &[0.0, 1.0])), "scores: expected numbers, got NaN at 1");
        assert!(message(auc(&[0.5, 0.6], &[1.0, 1.0])).contains("2 positive, 0 negative"));
        assert!(message(auc(&[], &[])).contains("0 positive, 0 negative"));
        assert_eq!(message(log_loss(&[], &[])), "labels: expected at least one example, got 0");
        assert_eq!(message(log_loss(&[1.5], &[1.0])), "probabilities: expected from 0 to 1, got 1.5 at 0");
        assert_eq!(
            message(log_loss_from_logits(&[0.0], &[-1.0])),
            "labels: expected from 0 to 1, got -1 at 0"
        );
        assert!(message(normalized_entropy(&[0.5], &[1.0])).contains("a mean of 1"));
    }
}
