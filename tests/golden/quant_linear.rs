//! Quantised linear layers against PyTorch's codes, scales, sums and exact outputs.
//!
//! The file's outputs of FBGEMM for codes of all 8 bits saturate on processors without VNNI; they are not
//! used.
#![allow(clippy::cast_possible_truncation, reason = "codes of 8 bits")]

use approx::abs_diff_eq;
use embag::dense::Activation;
use embag::quant::{
    ActivationBits, ActivationQuant, ActivationRange, CodeMatrix, InputQuant, Int8Linear, QuantizedWeight,
};
use embag::{Context, Matrix, Recorder};

use crate::common::{self, devices, is_exact, name_of};
use crate::golden::Golden;

const BITS: [(&str, ActivationBits); 2] = [("rr", ActivationBits::Seven), ("full", ActivationBits::Eight)];

struct File {
    golden: Golden,
    batch: usize,
    inputs: usize,
    outputs: usize,
}

impl File {
    fn open() -> Self {
        let golden = Golden::open("quant_linear");
        let (x, w) = (golden.shape("x"), golden.shape("w"));
        Self { golden, batch: x[0], inputs: x[1], outputs: w[0] }
    }

    fn weight(&self) -> QuantizedWeight {
        let weight = self.golden.floats("w");
        QuantizedWeight::quantize(&weight, self.outputs, self.inputs, 8, self.inputs).unwrap()
    }

    fn x(&self, ctx: &Context) -> Matrix {
        Matrix::from_slice(ctx, &self.golden.floats("x"), self.batch, self.inputs).unwrap()
    }

    /// What the layer makes of `x`.
    fn forward(&self, ctx: &Context, bias: &[f32], activation: Activation, input: InputQuant) -> Vec<f32> {
        let layer = Int8Linear::new(ctx, &self.weight(), bias, activation, input).unwrap();
        let out = Matrix::zeros(ctx, self.batch, self.outputs).unwrap();
        let mut rec = Recorder::new(ctx);
        layer.record_forward(&mut rec, &self.x(ctx), &out).unwrap();
        rec.run().unwrap();
        out.to_vec(ctx).unwrap()
    }

    fn quant(&self, field: &str) -> ActivationQuant {
        let quant = self.golden.floats(field);
        ActivationQuant { scale: quant[0], zero_point: quant[1] as u8 }
    }
}

/// Bits where a device rounds every operation by itself, else nearness.
fn assert_same(ctx: &Context, what: &str, got: &[f32], expected: &[f32]) {
    if is_exact(ctx) {
        assert_eq!(got, expected, "{}: {what}", name_of(ctx));
    } else {
        common::assert_close(what, got, expected, 1e-5);
    }
}

#[test]
fn weights_have_pytorchs_codes_and_scales() {
    let file = File::open();
    let weight = file.weight();
    assert_eq!(weight.scales(), file.golden.floats("w_scale"));
    assert!(file.golden.bytes("w_int8").map(u8::cast_signed).eq(weight.codes().iter().copied()));
    assert_eq!(weight.dequantized(), file.golden.floats("w_dequant"));
    for ctx in devices() {
        let input = InputQuant::Dynamic(ActivationBits::Eight);
        let bias = file.golden.floats("bias");
        let layer = Int8Linear::new(&ctx, &weight, &bias, Activation::None, input).unwrap();
        assert_eq!(layer.weight(&ctx).unwrap(), weight, "{}", name_of(&ctx));
        assert_eq!(layer.bias(&ctx).unwrap(), bias, "{}", name_of(&ctx));
    }
}

#[test]
fn activations_have_pytorchs_scales_and_codes() {
    let file = File::open();
    let x = file.golden.floats("x");
    for (name, bits) in BITS {
        let quant = ActivationRange::of(&x).quant(bits).unwrap();
        assert_eq!([quant.scale], file.golden.floats(&format!("x_scale_{name}"))[..]);
        let zero_point = file.golden.ints(&format!("x_zero_point_{name}"));
        assert_eq!([u64::from(quant.zero_point)], zero_point[..]);
        let codes: Vec<u8> = file.golden.bytes(&format!("x_u8_{name}")).collect();
        assert_eq!(x.iter().map(|&value| quant.code(value)).collect::<Vec<_>>(), codes);
        for ctx in devices() {
            let matrix = CodeMatrix::zeros(&ctx, file.batch, file.inputs, quant).unwrap();
            let mut rec = Recorder::new(&ctx);
            matrix.record_quantize(&mut rec, &file.x(&ctx)).unwrap();
            rec.run().unwrap();
            assert_eq!(matrix.to_vec(&ctx).unwrap(), codes, "{} {name}", name_of(&ctx));
        }
    }
    assert_eq!(ActivationRange::of(&x).quant(ActivationBits::Eight).unwrap(), file.quant("static_x_qparams"));
}

#[test]
fn dynamic_outputs_are_exact() {
    let file = File::open();
    let bias = file.golden.floats("bias");
    for ctx in devices() {
        for (name, bits) in BITS {
            let exact = file.golden.floats(&format!("y_exact_{name}"));
            let input = InputQuant::Dynamic(bits);
            let y = file.forward(&ctx, &bias, Activation::None, input);
            assert_same(&ctx, &format!("y_exact_{name}"), &y, &exact);
            let relu: Vec<f32> = exact.iter().map(|y| y.max(0.0)).collect();
            assert_same(&ctx, "relu", &file.forward(&ctx, &bias, Activation::Relu, input), &relu);
        }
        // what FBGEMM itself gives where nothing saturates
        let input = InputQuant::Dynamic(ActivationBits::Seven);
        for (field, activation) in
            [("y_dynamic_rr", Activation::None), ("y_relu_dynamic_rr", Activation::Relu)]
        {
            let y = file.forward(&ctx, &bias, activation, input);
            common::assert_close(field, &y, &file.golden.floats(field), 1e-5);
        }
    }
}

#[test]
fn sums_are_exact() {
    // with scales of one and no bias the outputs are the sums
    let file = File::open();
    for (name, _) in BITS {
        let codes = file.golden.bytes(&format!("x_u8_{name}")).map(f32::from).collect::<Vec<_>>();
        let zero_point = u8::try_from(file.golden.ints(&format!("x_zero_point_{name}"))[0]).unwrap();
        let quant = ActivationQuant { scale: 1.0, zero_point };
        let x: Vec<f32> = codes.iter().map(|code| code - f32::from(zero_point)).collect();
        let weight = QuantizedWeight::from_codes(
            file.weight().codes().to_vec(),
            vec![1.0; file.outputs],
            file.outputs,
            file.inputs,
            8,
            file.inputs,
        )
        .unwrap();
        for ctx in devices() {
            let bias = vec![0.0; file.outputs];
            let layer =
                Int8Linear::new(&ctx, &weight, &bias, Activation::None, InputQuant::Static(quant)).unwrap();
            let x = Matrix::from_slice(&ctx, &x, file.batch, file.inputs).unwrap();
            let out = Matrix::zeros(&ctx, file.batch, file.outputs).unwrap();
            let mut rec = Recorder::new(&ctx);
            layer.record_forward(&mut rec, &x, &out).unwrap();
            rec.run().unwrap();
            // below 2^24, so that f32 holds them
            let sums: Vec<f32> =
                file.golden.int32s(&format!("acc_i32_{name}")).map(|sum| sum as f32).collect();
            assert_eq!(out.to_vec(&ctx).unwrap(), sums, "{} {name}", name_of(&ctx));
        }
    }
}

#[test]
fn static_codes_are_those_of_exact_arithmetic() {
    let file = File::open();
    let (from, to) = (file.quant("static_x_qparams"), file.quant("static_y_qparams"));
    let (weight, bias) = (file.weight(), file.golden.floats("bias"));
    let codes: Vec<u8> = file.golden.bytes("static_x_u8").collect();
    for relu in [false, true] {
        let expected: Vec<u8> = codes
            .chunks(file.inputs)
            .flat_map(|row| weight.codes().chunks(file.inputs).enumerate().map(move |(n, w)| (row, n, w)))
            .map(|(row, n, w)| {
                let pairs = row.iter().zip(w);
                let sum: i64 =
                    pairs.map(|(&x, &w)| (i64::from(x) - i64::from(from.zero_point)) * i64::from(w)).sum();
                let scale = f64::from(from.scale) * f64::from(weight.scales()[n]);
                let y = sum as f64 * scale + f64::from(bias[n]);
                let y = if relu { y.max(0.0) } else { y };
                let code = (y / f64::from(to.scale)).round_ties_even() + f64::from(to.zero_point);
                code.clamp(0.0, 255.0) as u8
            })
            .collect();
        for ctx in devices() {
            let activation = if relu { Activation::Relu } else { Activation::None };
            let layer = Int8Linear::new(&ctx, &weight, &bias, activation, InputQuant::Static(from)).unwrap();
            let x = CodeMatrix::zeros(&ctx, file.batch, file.inputs, from).unwrap();
            let out = CodeMatrix::zeros(&ctx, file.batch, file.outputs, to).unwrap();
            let mut rec = Recorder::new(&ctx);
            x.record_quantize(&mut rec, &file.x(&ctx)).unwrap();
            layer.record_forward(&mut rec, &x, &out).unwrap();
            rec.run().unwrap();
            assert_eq!(x.to_vec(&ctx).unwrap(), codes, "{}", name_of(&ctx));
            assert_eq!(out.to_vec(&ctx).unwrap(), expected, "{}, relu: {relu}", name_of(&ctx));
        }
    }
}

#[test]
fn what_saturates_elsewhere_does_not_here() {
    let golden = Golden::open("quant_linear");
    let (x, shape) = (golden.floats("sat_x"), golden.shape("sat_w"));
    let (outputs, inputs) = (shape[0], shape[1]);
    // as the probe was made: a scale of 1 / 127, for which the codes of one are 127
    assert!(golden.floats("sat_w").iter().all(|&w| w == 1.0));
    let (codes, scales) = (vec![127; outputs * inputs], vec![1.0 / 127.0; outputs]);
    let weight = QuantizedWeight::from_codes(codes, scales, outputs, inputs, 8, inputs).unwrap();
    let exact: f32 = x.iter().sum();
    assert!(exact > 62.9);
    for ctx in devices() {
        for (name, bits) in BITS {
            let input = InputQuant::Dynamic(bits);
            let layer = Int8Linear::new(&ctx, &weight, &vec![0.0; outputs], Activation::None, input).unwrap();
            let x = Matrix::from_slice(&ctx, &x, 1, inputs).unwrap();
            let out = Matrix::zeros(&ctx, 1, outputs).unwrap();
            let mut rec = Recorder::new(&ctx);
            layer.record_forward(&mut rec, &x, &out).unwrap();
            rec.run().unwrap();
            let out = out.to_vec(&ctx).unwrap();
            // half a step of the activations' codes, which all have the same error
            let error = 0.5 / 127.0 * inputs as f32;
            assert!(
                out.iter().all(|y| abs_diff_eq!(*y, exact, epsilon = error)),
                "{} {name}: {out:?}",
                name_of(&ctx)
            );
            assert!(out.iter().all(|y| *y == out[0]), "{} {name}", name_of(&ctx));
        }
    }
}
