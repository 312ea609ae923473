//! M1: a linear layer with ReLU, in `f32` and in lower precision.

use embag::dense::{Activation, Linear};
use embag::optim::Sgd;
use embag::quant::{
    ActivationBits, ActivationRange, CodeMatrix, InputQuant, Int8Linear, QuantizedWeight, WeightOnlyLinear,
};
use embag::{Context, Matrix, Recorder, Result};

use crate::inputs::hashed;
use crate::measure::{Measure, Work, checksum};

const BATCH: usize = 512;
const SHAPES: [(usize, usize); 3] = [(1024, 1024), (4096, 1024), (1024, 4096)];

/// The inputs of one shape.
struct Layer {
    inputs: usize,
    outputs: usize,
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    fn all() -> impl Iterator<Item = Self> {
        SHAPES.into_iter().map(|(inputs, outputs)| {
            let root = (inputs as f64).sqrt() as f32;
            let weight = hashed(outputs * inputs, 2).iter().map(|value| value / root).collect();
            Self { inputs, outputs, x: hashed(BATCH * inputs, 1), weight, bias: hashed(outputs, 3) }
        })
    }

    fn case(&self, kind: &str) -> String {
        format!("M1_{kind}_B{BATCH}_{}to{}", self.inputs, self.outputs)
    }

    /// For weights and activations of this number of bytes.
    fn work(&self, weight: usize, activation: usize) -> Work {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let bytes = outputs * inputs * weight + BATCH * (inputs + outputs) * activation;
        Work { bytes: bytes as u64, flops: (2 * BATCH * inputs * outputs) as u64 }
    }

    fn x(&self, ctx: &Context) -> Result<Matrix> {
        Matrix::from_slice(ctx, &self.x, BATCH, self.inputs)
    }

    fn out(&self, ctx: &Context) -> Result<Matrix> {
        Matrix::zeros(ctx, BATCH, self.outputs)
    }

    fn int8(&self, ctx: &Context, input: InputQuant) -> Result<Int8Linear> {
        let weight = QuantizedWeight::quantize(&self.weight, self.outputs, self.inputs, 8, self.inputs)?;
        Int8Linear::new(ctx, &weight, &self.bias, Activation::Relu, input)
    }

    /// Times a layer whose output is `f32`.
    fn time(
        &self,
        ctx: &Context,
        measure: &Measure,
        (case, note, work): (&str, &str, Work),
        forward: impl Fn(&mut Recorder, &Matrix) -> Result<()>,
    ) -> Result<()> {
        let out = self.out(ctx)?;
        let run = || {
            let mut rec = Recorder::new(ctx);
            forward(&mut rec, &out)?;
            Ok(rec)
        };
        run()?.run()?;
        let sums = checksum(&out.to_vec(ctx)?);
        measure.case(&self.case(case), note, work, sums, run)
    }
}

pub(crate) fn fp32(ctx: &Context, measure: &Measure) -> Result<()> {
    Layer::all().try_for_each(|layer| {
        let sgd = Sgd { lr: 0.0, ..Sgd::default() };
        let linear = Linear::new(ctx, layer.inputs, layer.outputs, Activation::Relu, sgd, 1)?;
        linear.weight().write(ctx, &layer.weight)?;
        linear.bias().write(ctx, &layer.bias)?;
        let x = layer.x(ctx)?;
        let forward = |rec: &mut Recorder, out: &Matrix| linear.record_forward(rec, &x, out);
        layer.time(ctx, measure, ("fp32", "f32", layer.work(4, 4)), forward)
    })
}

pub(crate) fn fp16(ctx: &Context, measure: &Measure) -> Result<()> {
    Layer::all().try_for_each(|layer| {
        let linear = WeightOnlyLinear::f16(ctx, &layer.weight, &layer.bias, layer.inputs, Activation::Relu)?;
        let x = layer.x(ctx)?;
        let forward = |rec: &mut Recorder, out: &Matrix| linear.record_forward(rec, &x, out);
        layer.time(ctx, measure, ("fp16", "f16 weights, f32 activations", layer.work(2, 4)), forward)
    })
}

/// Weights of 4 bits in groups of 32 inputs, which no peer has.
pub(crate) fn int4(ctx: &Context, measure: &Measure) -> Result<()> {
    Layer::all().try_for_each(|layer| {
        let weight = QuantizedWeight::quantize(&layer.weight, layer.outputs, layer.inputs, 4, 32)?;
        let linear = WeightOnlyLinear::quantized(ctx, &weight, &layer.bias, Activation::Relu)?;
        let x = layer.x(ctx)?;
        let forward = |rec: &mut Recorder, out: &Matrix| linear.record_forward(rec, &x, out);
        let work = Work { bytes: linear.bytes() + layer.work(0, 4).bytes, ..layer.work(0, 4) };
        layer.time(ctx, measure, ("int4", "s4 weights in groups of 32, f32 activations", work), forward)
    })
}

pub(crate) fn int8_dynamic(ctx: &Context, measure: &Measure) -> Result<()> {
    Layer::all().try_for_each(|layer| {
        for (bits, case, note) in [
            (ActivationBits::Eight, "int8dyn", "s8 weights, u8 activations of the batch's range, f32 out"),
            (ActivationBits::Seven, "int8dyn7", "the same with activations of 7 bits (reduce_range)"),
        ] {
            let linear = layer.int8(ctx, InputQuant::Dynamic(bits))?;
            let x = layer.x(ctx)?;
            let forward = |rec: &mut Recorder, out: &Matrix| linear.record_forward(rec, &x, out);
            layer.time(ctx, measure, (case, note, layer.work(1, 4)), forward)?;
        }
        Ok(())
    })
}

pub(crate) fn int8_static(ctx: &Context, measure: &Measure) -> Result<()> {
    Layer::all().try_for_each(|layer| {
        let quant = ActivationRange::of(&layer.x).quant(ActivationBits::Eight)?;
        let linear = layer.int8(ctx, InputQuant::Static(quant))?;
        let x = CodeMatrix::zeros(ctx, BATCH, layer.inputs, quant)?;
        let y = layer.out(ctx)?;
        let mut rec = Recorder::new(ctx);
        x.record_quantize(&mut rec, &layer.x(ctx)?)?;
        linear.record_forward(&mut rec, &x, &y)?;
        rec.run()?;
        let range = ActivationRange { min: 0.0, ..ActivationRange::of(&y.to_vec(ctx)?) };
        let out_quant = range.quant(ActivationBits::Eight)?;
        let out = CodeMatrix::zeros(ctx, BATCH, layer.outputs, out_quant)?;
        let run = || {
            let mut rec = Recorder::new(ctx);
            linear.record_forward(&mut rec, &x, &out)?;
            Ok(rec)
        };
        run()?.run()?;
        let values: Vec<f32> = out.to_vec(ctx)?.into_iter().map(|code| out_quant.value(code)).collect();
        let note = "s8 weights, u8 in, u8 out";
        measure.case(&layer.case("int8static"), note, layer.work(1, 1), checksum(&values), run)
    })
}
