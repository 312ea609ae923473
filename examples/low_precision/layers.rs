//! A small network with a channel of outliers planted: its layer is found, and kept in `f32` or healed.
//!
//! Examples are 32 normal numbers, clicked with the probability that a planted network of one hidden layer
//! gives; `Mlp` of `32, 64, 32, 1` is trained on them with Adam. Then one channel between the first two
//! layers is multiplied by 100 in the first and divided by it in the second: the same function in `f32`, but
//! the codes of the second layer's inputs are now spent on that channel. The channel is the one with the
//! largest activation, where the scale of all others suffers most.
//!
//! Streams of the seed: 0 planted weights (first layer, then second), 1 training examples, 2 those for
//! calibration, 3 the test set; of each example its numbers, then its label.

use embag::dense::{Activation, Linear, Mlp, record_bce_with_logits};
use embag::optim::{Adam, Sgd};
use embag::quant::accuracy::{NeDifference, PairedNe, Shadow, ShadowReport};
use embag::quant::calibration::{Calibration, FollowedBy, Observer, equalize};
use embag::quant::{ActivationBits, ActivationRange, InputQuant, Int8Linear, QuantizedWeight};
use embag::{Context, Matrix, Recorder, Result};
use serde::Serialize;

use crate::random::{Pcg64, fraction, generator, normal};

/// Of the network, the layer whose inputs have the outliers.
pub const PLANTED: usize = 1;
const SIZES: [usize; 4] = [32, 64, 32, 1];
const OUTLIER: f32 = 100.0;
const SEED: u64 = 4;
const TEACHER_HIDDEN: usize = 16;
const BATCH: usize = 1024;
const CALIBRATION: usize = 4096;

/// How many examples are learnt from and tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub steps: usize,
    pub test: usize,
}

pub const WHOLE: Size = Size { steps: 1500, test: 200_000 };
pub const QUICK: Size = Size { steps: 100, test: 10_000 };

/// What came of it: differences of normalized entropy to the network in `f32`.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Errors of each layer's outputs in int8, for the inputs that it has in `f32`.
    pub ranking: ShadowReport,
    /// All layers in int8, before the outliers were planted.
    pub before: NeDifference,
    /// All layers in int8.
    pub all: NeDifference,
    /// All but the worst layer in int8.
    pub skipped: NeDifference,
    /// All layers in int8, after their channels were equalised.
    pub equalised: NeDifference,
}

pub fn measure(ctx: &Context, size: Size) -> Result<Found> {
    let teacher = Teacher::new();
    let mut layers = train(ctx, &teacher, size.steps)?;
    let (x, _) = teacher.examples(CALIBRATION, &mut generator(SEED, 2));
    let (test, labels) = teacher.examples(size.test, &mut generator(SEED, 3));
    let runs = |layers: &[Layer], skip: Option<usize>| -> Result<NeDifference> {
        let ranges = ranges(ctx, layers, &x)?;
        let last = |int8: &dyn Fn(usize) -> Option<ActivationRange>| {
            Ok::<_, embag::Error>(run(ctx, layers, &test, int8)?.pop().unwrap_or_default())
        };
        let mut pair = PairedNe::default();
        let kept = |layer: usize| (skip != Some(layer)).then_some(ranges[layer]);
        pair.add_logits(&last(&|_| None)?, &last(&kept)?, &labels)?;
        pair.difference()
    };
    let before = runs(&layers, None)?;
    plant(ctx, &mut layers, &x)?;
    let ranking = shadow(ctx, &layers, &x)?;
    let worst = ranking.parts[0].name.parse().ok();
    let (all, skipped) = (runs(&layers, None)?, runs(&layers, worst)?);
    for i in 1..layers.len() {
        let (first, second) = layers.split_at_mut(i);
        let first = &mut first[i - 1];
        equalize(&mut first.weight, &mut first.bias, &mut second[0].weight)?;
    }
    Ok(Found { ranking, before, all, skipped, equalised: runs(&layers, None)? })
}

/// The planted network: what it gives is the log odds of a click.
#[derive(Debug)]
struct Teacher {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Teacher {
    fn new() -> Self {
        let mut rng = generator(SEED, 0);
        #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose, and far from f32's ends")]
        let mut draw = |count, inputs: usize| -> Vec<f32> {
            (0..count).map(|_| (normal(&mut rng) / (inputs as f64).sqrt()) as f32).collect()
        };
        Self {
            first: draw(TEACHER_HIDDEN * SIZES[0], SIZES[0]),
            second: draw(TEACHER_HIDDEN, TEACHER_HIDDEN),
        }
    }

    fn examples(&self, count: usize, rng: &mut Pcg64) -> (Vec<f32>, Vec<f32>) {
        let (mut x, mut labels) = (Vec::with_capacity(count * SIZES[0]), Vec::with_capacity(count));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        for _ in 0..count {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "rounded on purpose, and far from f32's ends"
            )]
            let example: Vec<f32> = (0..SIZES[0]).map(|_| normal(rng) as f32).collect();
            let hidden: Vec<f32> = self.first.chunks(SIZES[0]).map(|w| dot(w, &example).max(0.0)).collect();
            // twice: labels that can be told from each other
            let clicked =
                fraction(rng) < 1.0 / (1.0 + f64::from(1.0 - 2.0 * dot(&self.second, &hidden)).exp());
            labels.push(f32::from(u8::from(clicked)));
            x.extend(example);
        }
        (x, labels)
    }
}

/// A layer on the host.
#[derive(Debug, Clone)]
struct Layer {
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Layer {
    fn inputs(&self) -> usize {
        self.weight.len() / self.bias.len()
    }

    /// Its outputs, in int8 if a range is given.
    fn forward(&self, ctx: &Context, x: &[f32], int8: Option<ActivationRange>) -> Result<Vec<f32>> {
        let (inputs, outputs) = (self.inputs(), self.bias.len());
        let x = Matrix::from_slice(ctx, x, x.len() / inputs, inputs)?;
        let out = Matrix::zeros(ctx, x.rows(), outputs)?;
        let mut rec = Recorder::new(ctx);
        match int8 {
            Some(range) => {
                let weight = QuantizedWeight::quantize(&self.weight, outputs, inputs, 8, inputs)?;
                let input = InputQuant::Static(range.quant(ActivationBits::Eight)?);
                Int8Linear::new(ctx, &weight, &self.bias, self.activation, input)?
                    .record_forward(&mut rec, &x, &out)?;
            }
            None => {
                let never = Sgd { lr: 0.0, ..Sgd::default() };
                let linear = Linear::new(ctx, inputs, outputs, self.activation, never, 0)?;
                linear.weight().write(ctx, &self.weight)?;
                linear.bias().write(ctx, &self.bias)?;
                linear.record_forward(&mut rec, &x, &out)?;
            }
        }
        rec.run()?;
        out.to_vec(ctx)
    }
}

fn train(ctx: &Context, teacher: &Teacher, steps: usize) -> Result<Vec<Layer>> {
    let optimizer = Adam { lr: 0.003, ..Adam::default() };
    let mut mlp = Mlp::new(ctx, &SIZES, Activation::None, BATCH, optimizer, 1)?;
    let zeros = || Matrix::zeros(ctx, BATCH, 1);
    let (logits, losses, grad) = (zeros()?, zeros()?, zeros()?);
    let mut rng = generator(SEED, 1);
    for _ in 0..steps {
        let (x, labels) = teacher.examples(BATCH, &mut rng);
        let x = Matrix::from_slice(ctx, &x, BATCH, SIZES[0])?;
        let labels = Matrix::from_slice(ctx, &labels, BATCH, 1)?;
        let mut rec = Recorder::new(ctx);
        mlp.record_forward(&mut rec, &x, &logits)?;
        record_bce_with_logits(&mut rec, &logits, &labels, &losses, &grad)?;
        mlp.record_backward(&mut rec, &x, &logits, &grad, None)?;
        mlp.record_step(&mut rec)?;
        rec.run()?;
    }
    let layer = |linear: &Linear| {
        let (weight, bias) = (linear.weight().to_vec(ctx)?, linear.bias().to_vec(ctx)?);
        Ok(Layer { weight, bias, activation: linear.activation() })
    };
    mlp.layers().iter().map(layer).collect()
}

/// The outputs of all layers, of which those with a range are in int8.
fn run(
    ctx: &Context,
    layers: &[Layer],
    x: &[f32],
    int8: &dyn Fn(usize) -> Option<ActivationRange>,
) -> Result<Vec<Vec<f32>>> {
    let mut outputs: Vec<Vec<f32>> = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        outputs.push(layer.forward(ctx, outputs.last().map_or(x, Vec::as_slice), int8(i))?);
    }
    Ok(outputs)
}

/// The inputs of all layers in `f32`.
fn inputs(ctx: &Context, layers: &[Layer], x: &[f32]) -> Result<Vec<Vec<f32>>> {
    let mut inputs = run(ctx, layers, x, &|_| None)?;
    inputs.insert(0, x.to_vec());
    inputs.truncate(layers.len());
    Ok(inputs)
}

/// The ranges of all layers' inputs.
fn ranges(ctx: &Context, layers: &[Layer], x: &[f32]) -> Result<Vec<ActivationRange>> {
    let range = |input: Vec<f32>| {
        let mut observer = Observer::new(Calibration::MinMax)?;
        observer.observe(&input)?;
        observer.range(FollowedBy::Nothing)
    };
    inputs(ctx, layers, x)?.into_iter().map(range).collect()
}

fn plant(ctx: &Context, layers: &mut [Layer], x: &[f32]) -> Result<()> {
    let hidden = inputs(ctx, layers, x)?.swap_remove(PLANTED);
    let width = layers[PLANTED].inputs();
    let largest = hidden.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let channel = largest.map_or(0, |(at, _)| at % width);
    let before = &mut layers[PLANTED - 1];
    let row = channel * before.inputs()..(channel + 1) * before.inputs();
    before.weight[row].iter_mut().for_each(|w| *w *= OUTLIER);
    before.bias[channel] *= OUTLIER;
    layers[PLANTED].weight.iter_mut().skip(channel).step_by(width).for_each(|w| *w /= OUTLIER);
    Ok(())
}

/// What each layer in int8 makes of the inputs that it has in `f32`.
fn shadow(ctx: &Context, layers: &[Layer], x: &[f32]) -> Result<ShadowReport> {
    let ranges = ranges(ctx, layers, x)?;
    let mut shadow = Shadow::default();
    for (i, (layer, input)) in layers.iter().zip(inputs(ctx, layers, x)?).enumerate() {
        let reference = layer.forward(ctx, &input, None)?;
        shadow.add(&i.to_string(), &reference, &layer.forward(ctx, &input, Some(ranges[i]))?)?;
    }
    Ok(shadow.report())
}

#[cfg(test)]
mod tests {
    use approx::{abs_diff_eq, assert_abs_diff_eq};

    use super::*;

    #[test]
    fn the_planted_layer_is_found_and_healed() -> Result<()> {
        let found = measure(&Context::cpu(), QUICK)?;
        assert_eq!(found.ranking.parts[0].name, PLANTED.to_string());
        let [all, skipped, equalised] = [found.all, found.skipped, found.equalised].map(|d| d.percent.abs());
        assert!(skipped < all && equalised < all, "{all} {skipped} {equalised}");
        Ok(())
    }

    #[test]
    fn planting_keeps_the_function() -> Result<()> {
        let (ctx, teacher) = (Context::cpu(), Teacher::new());
        let mut layers = train(&ctx, &teacher, 5)?;
        let (x, _) = teacher.examples(64, &mut generator(SEED, 2));
        let before = inputs(&ctx, &layers, &x)?;
        plant(&ctx, &mut layers, &x)?;
        let after = inputs(&ctx, &layers, &x)?;
        assert!(before[2].iter().zip(&after[2]).all(|(a, b)| abs_diff_eq!(a, b, epsilon = 1e-4)));
        let most = |inputs: &[Vec<f32>]| inputs[PLANTED].iter().copied().fold(0.0, f32::max);
        assert_abs_diff_eq!(most(&after) / most(&before), OUTLIER, epsilon = 1e-2);
        Ok(())
    }
}
