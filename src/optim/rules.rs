//! What is done to gradients before, and to rows after an optimizer's step.

use serde::{Deserialize, Serialize};

use super::Params;
use crate::kernel::Precision;
use crate::{Error, Result};

/// How a new value becomes one of 16 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To one of the two neighbours, each the more often the nearer it is, so that small steps are not lost
    /// on average. The random numbers depend on seed, step, table, row and column alone.
    #[default]
    Stochastic,
    /// To the nearest, ties to even.
    Nearest,
}

/// `CowClip` (Zheng et al., 2022): the gradient of a row that occurs `n` times is shortened to
/// `n * max(ratio |w|, floor)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CowClip {
    /// The limit relative to the norm of the row, the paper's r.
    pub ratio: f32,
    /// The least limit, the paper's zeta.
    pub floor: f32,
}

/// What is done to gradients before, and to rows after an optimizer's step. By default nothing.
///
/// In this order: the values of the output's gradient are clipped, a row's terms are summed, the sum is
/// scaled by its frequency, its norm is clipped, L2 decay is added, the optimizer takes its step, the new
/// row's norm is limited, and the row is rounded. What they make of NaN, infinities and the like:
/// [`Optimizer`](super::Optimizer#values-at-the-edge).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct UpdateRules {
    /// Values of the output's gradient are clipped to this size, before those of a row are summed, as in
    /// FBGEMM.
    pub clip_value: Option<f32>,
    /// The gradient of a row is shortened to this norm.
    pub clip_norm: Option<f32>,
    /// The gradient of a row is shortened relative to the row.
    pub cow_clip: Option<CowClip>,
    /// The gradient of a row is divided by the number of its occurrences in the batch, in all features of its
    /// table (torch's `scale_grad_by_freq`).
    pub scale_by_frequency: bool,
    /// A new row is shortened to this norm.
    pub max_norm: Option<f32>,
    /// How new values of tables of 16 bits are rounded.
    pub rounding: Rounding,
    /// Of what precision the state of elements is (that of rows is of 32 bits). It is rounded to the nearest.
    pub state: Precision,
}

impl UpdateRules {
    pub(crate) fn validate(&self) -> Result<()> {
        let limits = [
            ("clip_value", self.clip_value),
            ("clip_norm", self.clip_norm),
            ("max_norm", self.max_norm),
            ("cow_clip ratio", self.cow_clip.map(|clip| clip.ratio)),
        ];
        for (name, limit) in limits {
            if let Some(limit) = limit.filter(|limit| !(limit.is_finite() && *limit > 0.0)) {
                return Err(Error::invalid(name, "a finite number above 0", limit));
            }
        }
        match self.cow_clip {
            Some(CowClip { floor, .. }) if !(floor.is_finite() && floor >= 0.0) => {
                Err(Error::invalid("cow_clip floor", "a finite number of at least 0", floor))
            }
            _ => Ok(()),
        }
    }

    /// The kernel's parameters.
    pub(crate) fn params(&self, optimizer: Params) -> Params {
        let cow = self.cow_clip.unwrap_or(CowClip { ratio: 0.0, floor: 0.0 });
        Params {
            clip_value: self.clip_value.unwrap_or(0.0),
            clip_norm: self.clip_norm.unwrap_or(0.0),
            cow_ratio: cow.ratio,
            cow_floor: cow.floor,
            by_frequency: u32::from(self.scale_by_frequency),
            max_norm: self.max_norm.unwrap_or(0.0),
            stochastic: u32::from(self.rounding == Rounding::Stochastic),
            state_type: self.state.code(),
            ..optimizer
        }
    }

    /// Whether the kernels for `f32` without extras will not do.
    pub(crate) fn extras(&self) -> bool {
        self.clip_value.is_some()
            || self.sums() > 0
            || self.scale_by_frequency
            || self.state != Precision::F32
    }

    /// Sums over a row that are made besides the optimizer's: two for a norm, which is made once more where
    /// the sum is infinite.
    pub(crate) fn sums(&self) -> u32 {
        2 * (u32::from(self.clip_norm.is_some() || self.cow_clip.is_some())
            + u32::from(self.max_norm.is_some()))
    }
}
