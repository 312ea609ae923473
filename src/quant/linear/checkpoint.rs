//! Quantised layers in checkpoints.

use half::f16;
use serde::{Deserialize, Serialize};

use super::{Int8Linear, LayerPrecision, QuantizedLayer, QuantizedMlp, QuantizedWeight, WeightOnlyLinear};
use crate::dense::Activation;
use crate::{Checkpoint, Context, Result};

/// What the metadata say of a layer.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    inputs: usize,
    outputs: usize,
    activation: Activation,
    precision: LayerPrecision,
}

impl QuantizedMlp {
    /// Adds the layers to a checkpoint: `{prefix}.0.weight` as `f32` or `f16`, as `i8` codes, or as `u8` with
    /// two codes of 4 bits each (the first in the low bits, each row filled up to whole bytes);
    /// `{prefix}.0.scales` of codes, as `f32` of `[outputs, groups]`; `{prefix}.0.bias` as `f32`; input
    /// channels that are kept apart as `{prefix}.0.apart`, their weights as `.apart_weight`, `[outputs,
    /// channels]`. What the layers are is in the metadata, as `{prefix}.layers`. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names
    /// already, [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let mut all = Vec::new();
        for (i, layer) in self.layers().iter().enumerate() {
            let (inputs, outputs, precision) = (layer.inputs(), layer.outputs(), layer.precision());
            let (name, shape) = (format!("{prefix}.{i}.weight"), [outputs, inputs]);
            let (bias, codes) = match layer {
                QuantizedLayer::Int8(layer) => {
                    let channels = layer.channels_apart();
                    if !channels.is_empty() {
                        let shape = [outputs, channels.len()];
                        let name = |what: &str| format!("{prefix}.{i}.{what}");
                        checkpoint.insert(&name("apart"), &[channels.len()], channels.to_vec())?;
                        checkpoint.insert(&name("apart_weight"), &shape, layer.weight_apart(ctx)?)?;
                    }
                    (layer.bias(ctx)?, Some(layer.weight(ctx)?))
                }
                QuantizedLayer::WeightOnly(layer) => {
                    let codes = layer.codes(ctx)?;
                    if codes.is_none() {
                        let values = layer.weight(ctx)?;
                        if precision == LayerPrecision::F16 {
                            let halves = values.into_iter().map(f16::from_f32).collect();
                            checkpoint.insert(&name, &shape, halves)?;
                        } else {
                            checkpoint.insert(&name, &shape, values)?;
                        }
                    }
                    (layer.bias(ctx)?, codes)
                }
            };
            if let Some(weight) = codes {
                if weight.bits() == 4 {
                    checkpoint.insert(&name, &[outputs, inputs.div_ceil(2)], pairs_of(&weight))?;
                } else {
                    checkpoint.insert(&name, &[outputs, weight.inputs()], weight.codes().to_vec())?;
                }
                let groups = weight.inputs().div_ceil(weight.group());
                let scales = weight.scales().to_vec();
                checkpoint.insert(&format!("{prefix}.{i}.scales"), &[outputs, groups], scales)?;
            }
            checkpoint.insert(&format!("{prefix}.{i}.bias"), &[outputs], bias)?;
            all.push(Description { inputs, outputs, activation: layer.activation(), precision });
        }
        checkpoint.set_json(&format!("{prefix}.layers"), &all)
    }

    /// The layers that [`QuantizedMlp::export`] wrote, for batches of at most `max_batch` examples.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if something is missing or does not fit, and those of
    /// [`QuantizedMlp::new`].
    pub fn from_checkpoint(
        ctx: &Context,
        checkpoint: &Checkpoint,
        prefix: &str,
        max_batch: usize,
    ) -> Result<Self> {
        let key = format!("{prefix}.layers");
        let all: Vec<Description> = checkpoint.json(&key)?;
        let layers = all.iter().enumerate().map(|(i, layer)| {
            let name = format!("{prefix}.{i}");
            import_layer(ctx, checkpoint, &name, layer)
        });
        Self::new(ctx, layers.collect::<Result<_>>()?, max_batch)
    }
}

fn import_layer(
    ctx: &Context,
    checkpoint: &Checkpoint,
    name: &str,
    &Description { inputs, outputs, activation, precision }: &Description,
) -> Result<QuantizedLayer> {
    let apart = checkpoint.shape(&format!("{name}.apart")).map(|shape| shape.iter().product::<usize>());
    let inputs = inputs.saturating_sub(apart.unwrap_or(0));
    let (weight_name, shape) = (format!("{name}.weight"), [outputs, inputs]);
    let bias = checkpoint.tensor::<f32>(&format!("{name}.bias"), &[outputs])?;
    let codes = |bits: u32, group: usize| {
        let groups = inputs.div_ceil(group.max(1));
        let scales = checkpoint.tensor::<f32>(&format!("{name}.scales"), &[outputs, groups])?.to_vec();
        let codes = match bits {
            4 => codes_of(checkpoint.tensor(&weight_name, &[outputs, inputs.div_ceil(2)])?, inputs),
            _ => checkpoint.tensor::<i8>(&weight_name, &shape)?.to_vec(),
        };
        QuantizedWeight::from_codes(codes, scales, outputs, inputs, bits, group)
    };
    let layer = match precision {
        LayerPrecision::F32 => {
            let weight = checkpoint.tensor::<f32>(&weight_name, &shape)?;
            WeightOnlyLinear::f32(ctx, weight, bias, inputs, activation).map(QuantizedLayer::WeightOnly)
        }
        LayerPrecision::F16 => {
            let halves = checkpoint.tensor::<f16>(&weight_name, &shape)?;
            let weight: Vec<f32> = halves.iter().map(|value| value.to_f32()).collect();
            WeightOnlyLinear::f16(ctx, &weight, bias, inputs, activation).map(QuantizedLayer::WeightOnly)
        }
        LayerPrecision::Int8(input) => codes(8, inputs)
            .and_then(|weight| Int8Linear::new(ctx, &weight, bias, activation, input))
            .and_then(|layer| {
                let Some(count) = apart else { return Ok(layer) };
                let channels = checkpoint.tensor::<u32>(&format!("{name}.apart"), &[count])?;
                let weight = checkpoint.tensor::<f32>(&format!("{name}.apart_weight"), &[outputs, count])?;
                layer.with_channels_apart(ctx, channels, weight)
            })
            .map(QuantizedLayer::Int8),
        LayerPrecision::WeightOnly { bits, group } => codes(bits, group)
            .and_then(|weight| WeightOnlyLinear::quantized(ctx, &weight, bias, activation))
            .map(QuantizedLayer::WeightOnly),
    };
    layer.map_err(|error| match error {
        crate::Error::InvalidArgument { .. } => checkpoint.mismatch(name, "a layer that fits", error),
        other => other,
    })
}

/// Two codes of 4 bits a byte, by rows.
fn pairs_of(weight: &QuantizedWeight) -> Vec<u8> {
    let low = |code: i8| code.cast_unsigned() & 0xf;
    let rows = weight.codes().chunks(weight.inputs());
    rows.flat_map(|row| {
        row.chunks(2).map(|pair| low(pair[0]) | low(pair.get(1).map_or(0, |&code| code)) << 4)
    })
    .collect()
}

/// The codes of [`pairs_of`].
fn codes_of(pairs: &[u8], inputs: usize) -> Vec<i8> {
    let rows = pairs.chunks(inputs.div_ceil(2).max(1));
    rows.flat_map(|row| {
        let codes = row.iter().flat_map(|&pair| [pair << 4, pair].map(|code| code.cast_signed() >> 4));
        codes.take(inputs)
    })
    .collect()
}
