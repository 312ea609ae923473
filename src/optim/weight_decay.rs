//! Weight decay.

use serde::{Deserialize, Serialize};

use super::Params;

/// Weight decay of touched rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightDecay {
    /// None.
    #[default]
    None,
    /// L2 penalty: `g + c * w` takes the place of the gradient, in the state too.
    L2(f32),
    /// Decoupled: `w` is multiplied by `1 - lr * c` besides the step.
    Decoupled(f32),
}

impl WeightDecay {
    /// The kernel's parameters of a learning rate with this decay.
    pub(super) fn params(self, lr: f32) -> Params {
        let (l2, keep) = match self {
            Self::None => (0.0, 1.0),
            Self::L2(c) => (c, 1.0),
            Self::Decoupled(c) => (0.0, 1.0 - lr * c),
        };
        Params { lr, l2, keep, ..Params::default() }
    }

    /// By its name, for a check.
    pub(super) fn named(self) -> (&'static str, f64) {
        match self {
            Self::None => ("weight_decay", 0.0),
            Self::L2(c) | Self::Decoupled(c) => ("weight_decay", c.into()),
        }
    }
}
