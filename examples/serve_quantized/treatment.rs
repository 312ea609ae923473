//! What each way of making layers ready for 8 bits brings, and the choice among them.

use embag::quant::accuracy::{NeDifference, PairedNe};
use embag::quant::calibration::column_means;
use embag::quant::{QuantizedLayer, QuantizedMlp};
use embag::{Context, Matrix, Recorder, Result};
use serde::Serialize;

use crate::args::Activations;
use crate::calibration::{self, alone};
use crate::data::Examples;
use crate::evaluation::{labels, logits};
use crate::layers::{InputStats, Layers, Stack, Treatment};
use crate::served::{Formats, LayerFormat, Served};
use crate::trained::Trained;

/// What a treatment of a stack brought: all its layers in int8, everything else as it was trained.
#[derive(Debug, Serialize)]
pub struct Brought {
    pub stack: &'static str,
    pub treatment: Treatment,
    /// Input channels of its layers that stay `f32`.
    pub channels_apart: usize,
    pub bytes: u64,
    pub difference: NeDifference,
    /// Root mean square of the errors of the log odds, over that of the log odds.
    pub logit_error: f64,
    /// Whether the stack's layers are made so: it is the one of the least error.
    pub taken: bool,
}

/// Measures all treatments of both stacks, and gives the layers with those of the least error.
pub fn choose(
    trained: &Trained,
    plain: &Layers,
    reference: &Served,
    batches: &[Examples],
    activations: Activations,
) -> Result<(Layers, Vec<Brought>)> {
    let (expected, labels) = (logits(reference, batches)?, labels(batches));
    let stats = stats(reference, batches)?;
    let (mut chosen, mut all) = (plain.clone(), Vec::new());
    for (stack, name) in ["bottom", "top"].into_iter().enumerate() {
        let mut best: Option<(usize, Stack)> = None;
        for treatment in Treatment::ALL {
            let mut layers = plain.clone();
            let own = layers.stack(stack);
            *own = own.treated(treatment, &stats[stack])?;
            let treated = own.clone();
            let exact = reference.with_layers(trained, &layers, &Formats::of(trained))?;
            let inputs = calibration::inputs(&exact, &layers, batches, activations)?;
            let mut formats = Formats::of(trained);
            let (of_stack, quants) = match stack {
                0 => (&mut formats.bottom, inputs.bottom),
                _ => (&mut formats.top, inputs.top),
            };
            *of_stack = quants.into_iter().map(LayerFormat::Int8).collect();
            let model = reference.with_layers(trained, &layers, &formats)?;
            let found = logits(&model, batches)?;
            let mut pair = PairedNe::default();
            pair.add_logits(&expected, &found, &labels)?;
            let mlp = if stack == 0 { model.bottom() } else { model.top() };
            let line = Brought {
                stack: name,
                treatment,
                channels_apart: treated.apart().map(<[u32]>::len).sum(),
                bytes: mlp.layers().iter().map(QuantizedLayer::bytes).sum(),
                difference: pair.difference()?,
                logit_error: relative(&expected, &found),
                taken: false,
            };
            eprintln!("{name} in int8, {}: {:.2e} of the log odds", treatment.name(), line.logit_error);
            let less = |&(best, _): &(usize, Stack)| {
                let best: &Brought = &all[best];
                line.logit_error < best.logit_error
            };
            if best.as_ref().is_none_or(less) {
                best = Some((all.len(), treated));
            }
            all.push(line);
        }
        if let Some((best, treated)) = best {
            all[best].taken = true;
            *chosen.stack(stack) = treated;
        }
    }
    Ok((chosen, all))
}

/// Root mean square of the differences, over that of the values.
fn relative(expected: &[f32], found: &[f32]) -> f64 {
    let square = |value: f64| value * value;
    let pairs = expected.iter().zip(found);
    let errors: f64 = pairs.map(|(&e, &f)| square(f64::from(f) - f64::from(e))).sum();
    let sizes: f64 = expected.iter().map(|&e| square(e.into())).sum();
    (errors / sizes.max(f64::MIN_POSITIVE)).sqrt()
}

/// What the inputs of each layer of both stacks are in examples.
fn stats(reference: &Served, batches: &[Examples]) -> Result<[Vec<InputStats>; 2]> {
    let ctx = reference.context();
    let mut values = [reference.bottom(), reference.top()].map(|mlp| vec![Vec::new(); mlp.layers().len()]);
    for examples in batches {
        let batch = reference.batch(examples)?;
        let mut rec = Recorder::new(ctx);
        let products = reference.products(&mut rec, &batch)?;
        rec.run()?;
        collect(ctx, reference.bottom(), reference.numeric(&batch), &mut values[0])?;
        collect(ctx, reference.top(), &products, &mut values[1])?;
    }
    let [bottom, top] = values;
    Ok([of_layers(reference.bottom(), bottom)?, of_layers(reference.top(), top)?])
}

/// Adds each layer's inputs to those of the batches before.
fn collect(ctx: &Context, mlp: &QuantizedMlp, x: &Matrix, values: &mut [Vec<f32>]) -> Result<()> {
    let mut input = x.clone();
    for (layer, values) in mlp.layers().iter().zip(values) {
        values.extend(input.to_vec(ctx)?);
        input = alone(ctx, layer, &input)?;
    }
    Ok(())
}

fn of_layers(mlp: &QuantizedMlp, values: Vec<Vec<f32>>) -> Result<Vec<InputStats>> {
    let of_layer = |(layer, values): (&QuantizedLayer, Vec<f32>)| {
        let mut magnitudes = vec![0.0f32; layer.inputs()];
        for row in values.chunks(layer.inputs()) {
            magnitudes.iter_mut().zip(row).for_each(|(most, value)| *most = most.max(value.abs()));
        }
        Ok(InputStats { means: column_means(&values, layer.inputs())?, magnitudes })
    };
    mlp.layers().iter().zip(values).map(of_layer).collect()
}
