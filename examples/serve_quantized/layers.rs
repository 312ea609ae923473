//! The linear layers of a model on the host, and how they are made ready for 8 bits.

use embag::dense::{Activation, Mlp};
use embag::quant::calibration::{correct_bias, equalize, outlier_channels};
use embag::quant::{Int8Linear, QuantizedLayer, QuantizedMlp, QuantizedWeight, WeightOnlyLinear};
use embag::{Context, Result};
use serde::Serialize;

use crate::served::LayerFormat;
use crate::trained::Trained;

/// A channel is kept apart if it reaches this many times as far as the median one.
const FACTOR: f32 = 4.0;

/// Of so many channels one is kept apart at most, those that reach farthest: they are the exception.
const MOST_APART: usize = 8;

/// What is done to a stack of layers before they are quantised to 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Treatment {
    /// The channels between two layers are scaled so that their weights are alike on both sides.
    pub equalised: bool,
    /// Input channels of large values stay `f32`.
    pub outliers_apart: bool,
    /// What codes shift outputs by on average is taken out of the biases.
    pub biases_corrected: bool,
}

impl Treatment {
    pub const ALL: [Self; 5] = [
        Self { equalised: false, outliers_apart: false, biases_corrected: false },
        Self { equalised: true, outliers_apart: false, biases_corrected: false },
        Self { equalised: false, outliers_apart: true, biases_corrected: false },
        Self { equalised: false, outliers_apart: false, biases_corrected: true },
        Self { equalised: true, outliers_apart: true, biases_corrected: true },
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self { equalised: true, outliers_apart: true, biases_corrected: true } => "all three",
            Self { equalised: true, .. } => "channels equalised",
            Self { outliers_apart: true, .. } => "outliers apart",
            Self { biases_corrected: true, .. } => "biases corrected",
            _ => "as they are",
        }
    }
}

/// What a layer's inputs are in examples, channel by channel.
#[derive(Debug, Clone)]
pub struct InputStats {
    pub means: Vec<f32>,
    pub magnitudes: Vec<f32>,
}

/// A layer on the host.
#[derive(Debug, Clone)]
struct Layer {
    /// `[outputs, inputs]`
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
    /// The means of its inputs, if its bias is to be corrected.
    means: Option<Vec<f32>>,
    /// The input channels that stay `f32`.
    apart: Vec<u32>,
}

/// A stack of layers on the host.
#[derive(Debug, Clone)]
pub struct Stack(Vec<Layer>);

/// Both stacks of a model.
#[derive(Debug, Clone)]
pub struct Layers {
    pub bottom: Stack,
    pub top: Stack,
}

impl Layers {
    /// Those of a trained model, as they are.
    pub fn of(ctx: &Context, trained: &Trained) -> Result<Self> {
        Ok(Self { bottom: Stack::of(ctx, &trained.bottom)?, top: Stack::of(ctx, &trained.top)? })
    }

    /// The first stack, or the second.
    pub const fn stack(&mut self, stack: usize) -> &mut Stack {
        if stack == 0 { &mut self.bottom } else { &mut self.top }
    }
}

impl Stack {
    fn of(ctx: &Context, mlp: &Mlp) -> Result<Self> {
        let layer = |linear: &embag::dense::Linear| {
            Ok(Layer {
                weight: linear.weight().to_vec(ctx)?,
                bias: linear.bias().to_vec(ctx)?,
                activation: linear.activation(),
                means: None,
                apart: Vec::new(),
            })
        };
        mlp.layers().iter().map(layer).collect::<Result<_>>().map(Self)
    }

    /// The stack made ready for 8 bits; `stats` are those of its layers' inputs.
    pub fn treated(&self, treatment: Treatment, stats: &[InputStats]) -> Result<Self> {
        let (mut layers, mut stats) = (self.0.clone(), stats.to_vec());
        if treatment.equalised {
            for next in 1..layers.len() {
                let (first, second) = layers.split_at_mut(next);
                let first = &mut first[next - 1];
                // a sigmoid does not let a scale through
                if first.activation == Activation::Sigmoid {
                    continue;
                }
                let scales = equalize(&mut first.weight, &mut first.bias, &mut second[0].weight)?;
                let InputStats { means, magnitudes } = &mut stats[next];
                for values in [means, magnitudes] {
                    values.iter_mut().zip(&scales).for_each(|(value, scale)| *value /= scale);
                }
            }
        }
        for (layer, InputStats { means, magnitudes }) in layers.iter_mut().zip(stats) {
            if treatment.outliers_apart {
                let mut channels = outlier_channels(&magnitudes, FACTOR)?;
                channels.sort_by(|&a, &b| magnitudes[b].total_cmp(&magnitudes[a]));
                channels.truncate(magnitudes.len() / MOST_APART);
                channels.sort_unstable();
                layer.apart = channels.into_iter().filter_map(|channel| channel.try_into().ok()).collect();
            }
            layer.means = treatment.biases_corrected.then_some(means);
        }
        Ok(Self(layers))
    }

    /// The input channels of each layer that stay `f32`.
    pub fn apart(&self) -> impl Iterator<Item = &[u32]> {
        self.0.iter().map(|layer| &*layer.apart)
    }

    /// The layers as they are kept and computed.
    pub fn quantised(
        &self,
        ctx: &Context,
        formats: &[LayerFormat],
        max_batch: usize,
    ) -> Result<QuantizedMlp> {
        let layers = self.0.iter().zip(formats).map(|(layer, &format)| layer.quantised(ctx, format));
        QuantizedMlp::new(ctx, layers.collect::<Result<_>>()?, max_batch)
    }
}

impl Layer {
    fn quantised(&self, ctx: &Context, format: LayerFormat) -> Result<QuantizedLayer> {
        let Self { weight, bias, activation, means, apart } = self;
        let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
        let input = match format {
            LayerFormat::F32 => {
                let layer = WeightOnlyLinear::f32(ctx, weight, bias, inputs, *activation)?;
                return Ok(QuantizedLayer::WeightOnly(layer));
            }
            LayerFormat::F16 => {
                let layer = WeightOnlyLinear::f16(ctx, weight, bias, inputs, *activation)?;
                return Ok(QuantizedLayer::WeightOnly(layer));
            }
            LayerFormat::Int8(input) => input,
        };
        let is_apart = |channel: usize| apart.iter().any(|&other| other as usize == channel);
        let of_channels = |values: &[f32], wanted: bool| -> Vec<f32> {
            let channels = values.iter().enumerate().filter(|(at, _)| is_apart(at % inputs) == wanted);
            channels.map(|(_, &value)| value).collect()
        };
        let (own, own_inputs) = (of_channels(weight, false), inputs - apart.len());
        let codes = QuantizedWeight::quantize(&own, outputs, own_inputs, 8, own_inputs)?;
        let mut bias = bias.clone();
        if let Some(means) = means {
            correct_bias(&own, &codes.dequantized(), &of_channels(means, false), &mut bias)?;
        }
        let layer = Int8Linear::new(ctx, &codes, &bias, *activation, input)?;
        Ok(QuantizedLayer::Int8(layer.with_channels_apart(ctx, apart, &of_channels(weight, true))?))
    }
}
