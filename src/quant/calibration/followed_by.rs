//! What follows an activation, and so which of its values need no codes of their own.

use serde::{Deserialize, Serialize};

/// The only operation that reads an activation: net-aware quantisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowedBy {
    /// Nothing that is known: all values matter.
    #[default]
    Nothing,
    /// `max(x, 0)`: negative values are as good as 0.
    Relu,
    /// `1 / (1 + exp(-x))`, itself in 8 bits: beyond `ln(509)`, about 6.23, it is less than half a step of `1
    /// / 255` from its limits 0 and 1.
    Sigmoid,
    /// `tanh(x)`, itself in 8 bits: beyond `ln(509) / 2`, about 3.12, it is less than half a step of `2 /
    /// 255` from its limits -1 and 1.
    Tanh,
}

impl FollowedBy {
    /// The values that matter; those outside are as good as the nearest of them.
    pub(super) fn limits(self) -> (f64, f64) {
        // sigmoid(-x) = 1 / 510
        let saturated = 509f64.ln();
        match self {
            Self::Nothing => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Relu => (0.0, f64::INFINITY),
            Self::Sigmoid => (-saturated, saturated),
            // tanh(x) = 2 sigmoid(2 x) - 1
            Self::Tanh => (-saturated / 2.0, saturated / 2.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::abs_diff_eq;

    use super::*;

    #[test]
    fn beyond_the_limits_the_output_moves_by_less_than_half_a_step() {
        for (followed_by, output, step) in [
            (FollowedBy::Sigmoid, (|x| 1.0 / (1.0 + (-x).exp())) as fn(f64) -> f64, 1.0 / 255.0),
            (FollowedBy::Tanh, f64::tanh, 2.0 / 255.0),
            (FollowedBy::Relu, |x| x.max(0.0), 0.0),
        ] {
            let (low, high) = followed_by.limits();
            let moves = |from: f64, to: f64| (output(from) - output(to)).abs();
            assert!(abs_diff_eq!(moves(low, -1e9), step / 2.0, epsilon = 1e-12), "{followed_by:?}");
            if high.is_finite() {
                assert!(abs_diff_eq!(moves(high, 1e9), step / 2.0, epsilon = 1e-12), "{followed_by:?}");
            }
        }
    }
}
