//! What the 8-bit codes of activations mean.

use serde::{Deserialize, Serialize};

use crate::cpu::code;
use crate::kernels::activation_scale::twin::quant_of;
use crate::{Error, Result};

/// How many codes the values of a range are spread over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ActivationBits {
    /// 0 to 255.
    #[default]
    Eight,
    /// 0 to 127: PyTorch's `reduce_range`, whose products fit 16 bits in pairs. This crate is exact with
    /// either; with these codes its products are a quarter faster on processors that have AVX2 and no VNNI.
    Seven,
}

impl ActivationBits {
    pub(super) fn levels(self) -> u32 {
        match self {
            Self::Eight => 255,
            Self::Seven => 127,
        }
    }
}

/// The smallest and the largest value that activations take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ActivationRange {
    /// The smallest.
    pub min: f32,
    /// The largest.
    pub max: f32,
}

impl ActivationRange {
    /// The range of some values; that of none is zero alone.
    #[must_use]
    pub fn of(values: &[f32]) -> Self {
        let none = Self { min: f32::INFINITY, max: f32::NEG_INFINITY };
        let range = values.iter().fold(none, |range, &value| {
            // a NaN stays: `quant` refuses it
            let pick = |own: f32, other: bool| if other || value.is_nan() { value } else { own };
            Self { min: pick(range.min, value < range.min), max: pick(range.max, value > range.max) }
        });
        if values.is_empty() { Self { min: 0.0, max: 0.0 } } else { range }
    }

    /// Scale and zero point for the range, which is widened to hold zero, so that zero has a code of its own:
    /// the rule of PyTorch's `choose_qparams`, its least scale of `6.1e-5` included (a range below 0.016 uses
    /// a part of the codes). The device computes the same for [`InputQuant::Dynamic`](super::InputQuant).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the range or its width is not finite, or its ends are the wrong way
    /// round.
    pub fn quant(self, bits: ActivationBits) -> Result<ActivationQuant> {
        let found = if self.min <= self.max { quant_of(self.min, self.max, bits.levels()) } else { None };
        let Some((scale, zero_point)) = found else {
            let got = format!("{} to {}", self.min, self.max);
            return Err(Error::invalid("activation range", "ascending, finite ends", got));
        };
        // at most 255
        Ok(ActivationQuant { scale, zero_point: u8::try_from(zero_point).unwrap_or(u8::MAX) })
    }
}

/// What 8-bit codes of activations mean: `value = scale * (code - zero_point)`, the same for a whole matrix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ActivationQuant {
    /// The distance of two codes.
    pub scale: f32,
    /// The code of zero.
    pub zero_point: u8,
}

impl ActivationQuant {
    /// The code of a value: `clamp(round(value / scale) + zero_point, 0, 255)` with ties to even, as PyTorch
    /// rounds (times the reciprocal of the scale); that of NaN is 0.
    #[must_use]
    pub fn code(self, value: f32) -> u8 {
        code(value, 1.0 / self.scale, self.zero_point.into())
    }

    /// The value of a code.
    #[must_use]
    pub fn value(self, code: u8) -> f32 {
        (f32::from(code) - f32::from(self.zero_point)) * self.scale
    }

    /// Refuses a scale that no codes can have.
    pub(super) fn check(self, name: &str) -> Result<()> {
        if self.scale > 0.0 && self.scale.is_finite() && (1.0 / self.scale).is_finite() {
            return Ok(());
        }
        Err(Error::invalid(name, "a positive scale with a finite reciprocal", self.scale))
    }

    /// As kernels read it.
    pub(super) fn words(self) -> [u32; 2] {
        [self.scale.to_bits(), self.zero_point.into()]
    }
}
