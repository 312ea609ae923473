//! What is compared, and what a learning rate of each means.
//!
//! All forms of frequency-aware SGD are given a **rate** in the unit of SGD's: it is the rate of a token that
//! is as frequent as all would be if they were alike. So, with uniform tokens, FA-SGD is SGD with the same
//! rate. A token of frequency `p` gets `min(cap, rate / sqrt(p / typical))`, where `typical` is the frequency
//! of such a token.
//!
//! The crate's `lr` is the paper's alpha, with `min(cap, lr / sqrt(horizon * p))`. Both are the same where
//! `lr = rate * sqrt(horizon * typical)`; [`Method::optimizer`] is the one place that converts. The rate,
//! unlike `lr`, does not depend on the horizon: the first 4,000 steps of a training of 12,000 are a training
//! of 4,000.
//!
//! `p` is per step. Where occurrences are counted, a token of probability `q` a pair has `p = 256 q`, which
//! may exceed 1, and `typical = 256 / 5000`; where steps are counted, `p = 1 - (1 - q)^256`, and `typical` is
//! that of `1 / 5000`.

use embag::optim::{Frequency, FrequencySgd, Optimizer, RowwiseAdagrad, Sgd};

use crate::problem::{BATCH, ROWS};

/// Rates of the grid are powers of this times [`Method::base`].
const GRID_STEP: f64 = 1.5;

/// A way to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Sgd,
    /// Frequency-aware SGD that is told the frequencies (FA-SGD).
    Known,
    /// Frequency-aware SGD that counts occurrences (CF-SGD).
    Occurrences,
    /// Frequency-aware SGD that counts steps (CF-SGD).
    Steps,
    RowwiseAdagrad,
}

impl Method {
    /// SGD comes first: the others are held against it.
    pub const ALL: [Self; 5] = [Self::Sgd, Self::Known, Self::Occurrences, Self::Steps, Self::RowwiseAdagrad];

    /// The name in tables and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd => "SGD",
            Self::Known => "FA-SGD",
            Self::Occurrences => "CF-SGD, occurrences",
            Self::Steps => "CF-SGD, steps",
            Self::RowwiseAdagrad => "row-wise Adagrad",
        }
    }

    /// The rate that is this power of the grid's step.
    pub fn rate(self, power: i32) -> f64 {
        self.base() * GRID_STEP.powi(power)
    }

    const fn base(self) -> f64 {
        match self {
            Self::RowwiseAdagrad => 0.2,
            Self::Sgd | Self::Known | Self::Occurrences | Self::Steps => 20.0,
        }
    }

    /// The crate's optimizer that trains with `rate` for `horizon` steps.
    #[expect(clippy::cast_possible_truncation, reason = "rates are rounded to f32 on purpose")]
    pub fn optimizer(self, rate: f64, horizon: u32, cap: f32) -> Optimizer {
        let frequency_sgd = |frequency, typical: f64| FrequencySgd {
            lr: (rate * (f64::from(horizon) * typical).sqrt()) as f32,
            horizon,
            cap,
            frequency,
            ..Default::default()
        };
        let alike = 1.0 / ROWS as f64;
        match self {
            Self::Sgd => Sgd { lr: (rate as f32).min(cap), ..Default::default() }.into(),
            Self::Known => frequency_sgd(Frequency::Given, occurrences(alike)).into(),
            Self::Occurrences => frequency_sgd(Frequency::Occurrences, occurrences(alike)).into(),
            Self::Steps => frequency_sgd(Frequency::Steps, presence(alike)).into(),
            Self::RowwiseAdagrad => RowwiseAdagrad { lr: rate as f32, ..Default::default() }.into(),
        }
    }
}

/// Expected occurrences in a step of a token with this probability a pair: what FA-SGD is told.
pub fn occurrences(probability: f64) -> f64 {
    probability * BATCH as f64
}

/// The probability that a step has such a token.
fn presence(probability: f64) -> f64 {
    1.0 - (1.0 - probability).powf(BATCH as f64)
}

#[cfg(test)]
mod tests {
    use approx::{abs_diff_eq, assert_abs_diff_eq};

    use super::*;

    #[test]
    fn a_typical_token_has_the_rate_and_a_rare_one_the_cap() {
        for (method, typical) in [
            (Method::Known, BATCH as f64 / ROWS as f64),
            (Method::Occurrences, BATCH as f64 / ROWS as f64),
            (Method::Steps, presence(1.0 / ROWS as f64)),
        ] {
            for horizon in [100, 4000] {
                let Optimizer::FrequencySgd(optimizer) = method.optimizer(20.0, horizon, 64.0) else {
                    panic!("{method:?} is another optimizer");
                };
                let rate = |p: f64| f64::from(optimizer.lr) / (f64::from(optimizer.horizon) * p).sqrt();
                assert!(abs_diff_eq!(rate(typical), 20.0, epsilon = 1e-4), "{method:?}");
                assert!(abs_diff_eq!(rate(typical * 4.0), 10.0, epsilon = 1e-4), "{method:?}");
                assert_eq!(optimizer.cap, 64.0);
            }
        }
    }

    #[test]
    fn the_grid_is_geometric() {
        assert_eq!(Method::Sgd.rate(0), 20.0);
        assert_eq!(Method::Known.rate(2), 45.0);
        assert_abs_diff_eq!(Method::RowwiseAdagrad.rate(1), 0.3, epsilon = 1e-12);
    }
}
