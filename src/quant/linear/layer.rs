//! A layer of any precision.

use serde::{Deserialize, Serialize};

use super::int8::{Activations, InputQuant, Int8Linear};
use super::weight_only::WeightOnlyLinear;
use crate::dense::{Activation, Linear};
use crate::{Context, Recorder, Result};

/// In what precision a layer is kept and computed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum LayerPrecision {
    /// As it was trained.
    F32,
    /// Weights of `f16`, activations of `f32`.
    F16,
    /// Weights of 8 bits, with a scale for each output, and activations of 8 bits.
    Int8(InputQuant),
    /// Weights of 8 or 4 bits, with a scale for each group of inputs, and activations of `f32`.
    WeightOnly {
        /// 8 or 4.
        bits: u32,
        /// Inputs of a group: a power of two from 4 on, or all of them.
        group: usize,
    },
}

/// A linear layer of any [`LayerPrecision`].
#[derive(Debug, Clone)]
pub enum QuantizedLayer {
    /// Activations of `f32`.
    WeightOnly(WeightOnlyLinear),
    /// Activations of 8 bits.
    Int8(Int8Linear),
}

impl QuantizedLayer {
    /// The layer for a trained one, which is quantised on the host. Blocks.
    ///
    /// # Errors
    /// Those of the layer's own constructor.
    pub fn from_linear(ctx: &Context, linear: &Linear, precision: LayerPrecision) -> Result<Self> {
        Ok(match precision {
            LayerPrecision::F32 => Self::WeightOnly(WeightOnlyLinear::f32_from(ctx, linear)?),
            LayerPrecision::F16 => Self::WeightOnly(WeightOnlyLinear::f16_from(ctx, linear)?),
            LayerPrecision::Int8(input) => Self::Int8(Int8Linear::from_linear(ctx, linear, input)?),
            LayerPrecision::WeightOnly { bits, group } => {
                Self::WeightOnly(WeightOnlyLinear::quantized_from(ctx, linear, bits, group)?)
            }
        })
    }

    /// Columns of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        match self {
            Self::WeightOnly(layer) => layer.inputs(),
            Self::Int8(layer) => layer.inputs(),
        }
    }

    /// Columns of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Self::WeightOnly(layer) => layer.outputs(),
            Self::Int8(layer) => layer.outputs(),
        }
    }

    /// What follows the layer.
    #[must_use]
    pub fn activation(&self) -> Activation {
        match self {
            Self::WeightOnly(layer) => layer.activation(),
            Self::Int8(layer) => layer.activation(),
        }
    }

    /// In what precision it is kept and computed.
    #[must_use]
    pub fn precision(&self) -> LayerPrecision {
        match self {
            Self::WeightOnly(layer) => layer.precision(),
            Self::Int8(layer) => LayerPrecision::Int8(layer.input()),
        }
    }

    /// Whether it takes codes, and gives them to the next layer.
    pub(super) fn has_codes(&self) -> bool {
        matches!(self, Self::Int8(layer) if layer.channels_apart().is_empty())
    }

    /// Bytes in device memory, scales and bias included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::WeightOnly(layer) => layer.bytes(),
            Self::Int8(layer) => layer.bytes(),
        }
    }

    /// Records the layer; only one of [`QuantizedLayer::Int8`] takes or gives codes.
    pub(super) fn record(&self, rec: &mut Recorder, x: Activations<'_>, out: Activations<'_>) -> Result<()> {
        match self {
            Self::WeightOnly(layer) => layer.record_forward(rec, x.values("x")?, out.values("out")?),
            Self::Int8(layer) => layer.record_forward(rec, x, out),
        }
    }
}
