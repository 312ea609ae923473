//! Quantised layers: against f64, across devices, chained, saved and loaded, and what they refuse.
#![allow(clippy::cast_possible_truncation, reason = "hashes of small numbers")]

use approx::{abs_diff_eq, assert_abs_diff_eq};
use embag::dense::{Activation, Mlp};
use embag::optim::Sgd;
use embag::quant::calibration::{Calibration, FollowedBy, Observer, column_means, correct_bias};
use embag::quant::{
    ActivationBits, ActivationQuant, ActivationRange, CodeMatrix, InputQuant, Int8Linear, LayerPrecision,
    QuantizedLayer, QuantizedMlp, QuantizedWeight, WeightOnlyLinear,
};
use embag::{Checkpoint, Context, ContextOptions, Error, Matrix, Recorder};

use crate::common::{devices, devices_with, is_exact, name_of};

const DYNAMIC: InputQuant = InputQuant::Dynamic(ActivationBits::Eight);

/// Values in `[-1, 1)`.
fn values(n: usize, seed: u32) -> Vec<f32> {
    let hash = |i: usize| (i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed * 40_503);
    (0..n).map(|i| (hash(i) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

/// `activation(x weight^T + bias)` in f64, and the sums of the absolute values of the terms.
fn exact(x: &[f32], weight: &[f32], bias: &[f32], inputs: usize, activation: Activation) -> Vec<(f64, f64)> {
    let outputs = |row: &[f32]| -> Vec<(f64, f64)> {
        let one = |(weight, &bias): (&[f32], &f32)| {
            let terms = row.iter().zip(weight).map(|(&x, &w)| f64::from(x) * f64::from(w));
            let (sum, size) = terms.fold((f64::from(bias), 1.0), |(sum, size), t| (sum + t, size + t.abs()));
            let y = match activation {
                Activation::None => sum,
                Activation::Relu => sum.max(0.0),
                Activation::Sigmoid => 1.0 / (1.0 + (-sum).exp()),
            };
            (y, size)
        };
        weight.chunks(inputs).zip(bias).map(one).collect()
    };
    x.chunks(inputs).flat_map(outputs).collect()
}

/// Runs what is recorded into a matrix of zeros.
fn run(
    ctx: &Context,
    rows: usize,
    cols: usize,
    record: impl FnOnce(&mut Recorder, &Matrix) -> embag::Result<()>,
) -> Vec<f32> {
    let out = Matrix::zeros(ctx, rows, cols).unwrap();
    let mut rec = Recorder::new(ctx);
    record(&mut rec, &out).unwrap();
    rec.run().unwrap();
    out.to_vec(ctx).unwrap()
}

#[test]
fn weight_only_layers_compute_with_the_weights_they_show() {
    for ctx in devices() {
        for (batch, inputs, outputs, activation) in
            [(1, 1, 1, Activation::None), (3, 37, 5, Activation::Relu), (33, 96, 70, Activation::Sigmoid)]
        {
            let (x, weight, bias) =
                (values(batch * inputs, 1), values(outputs * inputs, 2), values(outputs, 3));
            let quantized = |bits, group| {
                let weight = QuantizedWeight::quantize(&weight, outputs, inputs, bits, group).unwrap();
                let layer = WeightOnlyLinear::quantized(&ctx, &weight, &bias, activation).unwrap();
                assert_eq!(layer.codes(&ctx).unwrap().unwrap(), weight);
                layer
            };
            let mut layers = vec![
                WeightOnlyLinear::f32(&ctx, &weight, &bias, inputs, activation).unwrap(),
                WeightOnlyLinear::f16(&ctx, &weight, &bias, inputs, activation).unwrap(),
                quantized(8, inputs),
                quantized(4, inputs),
            ];
            if inputs > 32 {
                layers.extend([quantized(8, 32), quantized(4, 16), quantized(4, 4)]);
            }
            for layer in layers {
                let what = format!("{} {batch}x{inputs}x{outputs} {:?}", name_of(&ctx), layer.precision());
                let used = layer.weight(&ctx).unwrap();
                let worst = match layer.precision() {
                    LayerPrecision::F32 => 0.0,
                    LayerPrecision::F16 => 1.0 / 2048.0,
                    LayerPrecision::WeightOnly { bits: 8, .. } => 0.5 / 127.5 + 1e-6,
                    _ => 0.5 / 7.5 + 1e-6,
                };
                let near =
                    weight.iter().zip(&used).all(|(exact, used)| abs_diff_eq!(exact, used, epsilon = worst));
                assert!(near, "{what}: {weight:?} became {used:?}");
                let matrix = Matrix::from_slice(&ctx, &x, batch, inputs).unwrap();
                let got = run(&ctx, batch, outputs, |rec, out| layer.record_forward(rec, &matrix, out));
                for (got, (y, size)) in got.iter().zip(exact(&x, &used, &bias, inputs, activation)) {
                    assert!(
                        abs_diff_eq!(f64::from(*got), y, epsilon = 1e-5 * size),
                        "{what}: expected {y}, got {got}"
                    );
                }
            }
        }
    }
}

/// A stack of every precision, with static ranges of inputs in `[-1, 1)`.
fn mixed(ctx: &Context, max_batch: usize) -> (Mlp, QuantizedMlp) {
    let sgd = Sgd { lr: 0.1, ..Sgd::default() };
    let sizes = [40, 33, 24, 50, 18, 3];
    let mlp = Mlp::new(ctx, &sizes, Activation::Sigmoid, max_batch, sgd, 5).unwrap();
    let quant = |min, max| {
        let range = ActivationRange { min, max };
        LayerPrecision::Int8(InputQuant::Static(range.quant(ActivationBits::Eight).unwrap()))
    };
    let precisions = [
        quant(-1.0, 1.0),
        quant(0.0, 2.0),
        LayerPrecision::F16,
        LayerPrecision::WeightOnly { bits: 4, group: 16 },
        LayerPrecision::Int8(DYNAMIC),
    ];
    let quantized = QuantizedMlp::from_mlp(ctx, &mlp, &precisions, max_batch).unwrap();
    let found: Vec<_> = quantized.layers().iter().map(QuantizedLayer::precision).collect();
    assert_eq!(found, precisions);
    (mlp, quantized)
}

#[test]
fn a_mixed_stack_is_near_the_trained_one() {
    let mut all = Vec::new();
    for ctx in devices() {
        let (mlp, quantized) = mixed(&ctx, 20);
        let x = Matrix::from_slice(&ctx, &values(17 * 40, 9), 17, 40).unwrap();
        let trained = run(&ctx, 17, 3, |rec, out| mlp.record_forward(rec, &x, out));
        let served = run(&ctx, 17, 3, |rec, out| quantized.record_forward(rec, &x, out));
        let bytes: u64 =
            mlp.layers().iter().map(|l| (l.inputs() * l.outputs() + l.outputs()) as u64 * 4).sum();
        assert!(quantized.bytes() * 2 < bytes, "{} bytes of {bytes}", quantized.bytes());
        assert_ne!(trained, served);
        let worst = trained.iter().zip(&served).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 5e-3, "{}: {worst}", name_of(&ctx));
        all.push(served);
    }
    for served in &all[1..] {
        for (cpu, gpu) in all[0].iter().zip(served) {
            assert_abs_diff_eq!(cpu, gpu, epsilon = 2e-3);
        }
    }
}

#[test]
fn chained_codes_are_those_of_the_layers_one_by_one() {
    let (batch, sizes) = (29, [70, 45, 20]);
    let quants: Vec<ActivationQuant> = [(-1.0, 1.0), (0.0, 9.0)]
        .map(|(min, max)| ActivationRange { min, max }.quant(ActivationBits::Eight).unwrap())
        .into();
    let mut outputs = Vec::new();
    for ctx in devices() {
        let layers: Vec<_> = (0..2)
            .map(|i| {
                let weight = values(sizes[i] * sizes[i + 1], 20 + i as u32);
                let weight = QuantizedWeight::quantize(&weight, sizes[i + 1], sizes[i], 8, sizes[i]).unwrap();
                let bias = values(sizes[i + 1], 30);
                let activation = if i == 0 { Activation::Relu } else { Activation::None };
                Int8Linear::new(&ctx, &weight, &bias, activation, InputQuant::Static(quants[i])).unwrap()
            })
            .collect();
        let x = Matrix::from_slice(&ctx, &values(batch * sizes[0], 40), batch, sizes[0]).unwrap();
        // f32 between the layers: rounded to codes by the second one
        let between = run(&ctx, batch, sizes[1], |rec, out| layers[0].record_forward(rec, &x, out));
        let codes = CodeMatrix::zeros(&ctx, batch, sizes[1], quants[1]).unwrap();
        let by_values = Matrix::from_slice(&ctx, &between, batch, sizes[1]).unwrap();
        let one_by_one =
            run(&ctx, batch, sizes[2], |rec, out| layers[1].record_forward(rec, &by_values, out));
        let chained = run(&ctx, batch, sizes[2], |rec, out| {
            layers[0].record_forward(rec, &x, &codes)?;
            layers[1].record_forward(rec, &codes, out)
        });
        let expected: Vec<u8> = between.iter().map(|&value| quants[1].code(value)).collect();
        if is_exact(&ctx) {
            assert_eq!(codes.to_vec(&ctx).unwrap(), expected, "{}", name_of(&ctx));
            assert_eq!(chained, one_by_one, "{}", name_of(&ctx));
        }
        let layers = layers.into_iter().map(QuantizedLayer::Int8).collect();
        let mlp = QuantizedMlp::new(&ctx, layers, batch).unwrap();
        let stacked = run(&ctx, batch, sizes[2], |rec, out| mlp.record_forward(rec, &x, out));
        assert_eq!(stacked, chained, "{}", name_of(&ctx));
        if is_exact(&ctx) {
            outputs.push(chained);
        }
    }
    assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "devices differ");
}

#[test]
fn a_corrected_bias_takes_the_mean_error_of_a_layer_away() {
    let (batch, inputs, outputs) = (200, 48, 20);
    // as after a ReLU: the mean of the inputs is not zero
    let x: Vec<f32> = values(batch * inputs, 50).into_iter().map(|x| x + 1.0).collect();
    let (weight, bias) = (values(outputs * inputs, 51), values(outputs, 52));
    let reference = exact(&x, &weight, &bias, inputs, Activation::None);
    let codes = QuantizedWeight::quantize(&weight, outputs, inputs, 4, inputs).unwrap();
    for ctx in devices() {
        let x_matrix = Matrix::from_slice(&ctx, &x, batch, inputs).unwrap();
        let layer = |bias: &[f32]| Int8Linear::new(&ctx, &codes, bias, Activation::None, DYNAMIC).unwrap();
        let mean_error = |layer: &Int8Linear| -> f64 {
            let y = run(&ctx, batch, outputs, |rec, out| layer.record_forward(rec, &x_matrix, out));
            let error = |n: usize| {
                let of_output = y.chunks(outputs).zip(reference.chunks(outputs));
                of_output.map(|(y, exact)| f64::from(y[n]) - exact[n].0).sum::<f64>() / batch as f64
            };
            (0..outputs).map(|n| error(n).abs()).sum::<f64>() / outputs as f64
        };
        let plain = layer(&bias);
        let mut corrected = bias.clone();
        let mean = column_means(&x, inputs).unwrap();
        correct_bias(&weight, &plain.weight(&ctx).unwrap().dequantized(), &mean, &mut corrected).unwrap();
        let (before, after) = (mean_error(&plain), mean_error(&layer(&corrected)));
        assert!(before > 0.05 && after < before / 20.0, "{before} {after} on {}", name_of(&ctx));
    }
}

#[test]
fn codes_of_a_range_that_knows_of_the_relu_are_those_after_it() {
    let (batch, inputs, outputs) = (40, 30, 24);
    let (x, weight, bias) = (values(batch * inputs, 60), values(outputs * inputs, 61), values(outputs, 62));
    let codes = QuantizedWeight::quantize(&weight, outputs, inputs, 8, inputs).unwrap();
    for ctx in devices() {
        let layer = Int8Linear::new(&ctx, &codes, &bias, Activation::None, DYNAMIC).unwrap();
        let x = Matrix::from_slice(&ctx, &x, batch, inputs).unwrap();
        let y = run(&ctx, batch, outputs, |rec, out| layer.record_forward(rec, &x, out));
        let mut observer = Observer::new(Calibration::MinMax).unwrap();
        observer.observe(&y).unwrap();
        let quant = |followed_by| observer.range(followed_by).unwrap().quant(ActivationBits::Eight).unwrap();
        let (aware, plain) = (quant(FollowedBy::Relu), quant(FollowedBy::Nothing));
        // all codes are for what the ReLU lets through
        assert!(aware.zero_point == 0 && aware.scale < plain.scale * 0.7, "{aware:?} {plain:?}");
        let out = CodeMatrix::zeros(&ctx, batch, outputs, aware).unwrap();
        let mut rec = Recorder::new(&ctx);
        layer.record_forward(&mut rec, &x, &out).unwrap();
        rec.run().unwrap();
        for (code, y) in out.to_vec(&ctx).unwrap().into_iter().zip(y) {
            let (got, wanted) = (aware.value(code), y.max(0.0));
            assert!(
                abs_diff_eq!(got, wanted, epsilon = aware.scale * 0.501),
                "{got} {wanted} on {}",
                name_of(&ctx)
            );
        }
    }
}

#[test]
fn zero_has_a_code_of_its_own() {
    for (min, max) in [(-1.0, 1.0), (0.0, 9.0), (2.5, 7.0), (-3.0, -0.1), (-0.3, 1e6), (0.0, 0.0)] {
        for bits in [ActivationBits::Eight, ActivationBits::Seven] {
            let quant = ActivationRange { min, max }.quant(bits).unwrap();
            assert_eq!((quant.code(0.0), quant.value(quant.zero_point)), (quant.zero_point, 0.0));
        }
    }
}

#[test]
fn a_saved_stack_serves_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for ctx in devices() {
        let (_, quantized) = mixed(&ctx, 8);
        let path = folder.path().join("served.safetensors");
        let mut checkpoint = Checkpoint::new();
        quantized.export(&ctx, &mut checkpoint, "top").unwrap();
        checkpoint.save(&path).unwrap();
        let loaded = Checkpoint::load(&path).unwrap();
        assert_eq!(loaded.shape("top.0.weight"), Some(&[33, 40][..]));
        assert_eq!(loaded.shape("top.3.weight"), Some(&[18, 25][..]), "two codes a byte");
        assert_eq!(loaded.shape("top.3.scales"), Some(&[18, 4][..]));
        let again = QuantizedMlp::from_checkpoint(&ctx, &loaded, "top", 8).unwrap();
        let x = Matrix::from_slice(&ctx, &values(8 * 40, 9), 8, 40).unwrap();
        let [before, after] =
            [&quantized, &again].map(|mlp| run(&ctx, 8, 3, |rec, out| mlp.record_forward(rec, &x, out)));
        assert_eq!(before, after, "{}", name_of(&ctx));
        assert!(matches!(
            QuantizedMlp::from_checkpoint(&ctx, &loaded, "over", 8),
            Err(Error::Checkpoint { .. })
        ));

        // a layer that says it is another
        let mut forged = Checkpoint::new();
        forged.insert("m.0.weight", &[1, 2], vec![1.0f32, 2.0]).unwrap();
        forged.insert("m.0.bias", &[1], vec![f32::NAN]).unwrap();
        for (precision, reason) in [("\"F16\"", "F16"), ("\"F32\"", "finite")] {
            let layers =
                format!("[{{\"inputs\":2,\"outputs\":1,\"activation\":\"Relu\",\"precision\":{precision}}}]");
            forged.set_metadata("m.layers", layers).unwrap();
            let error = QuantizedMlp::from_checkpoint(&ctx, &forged, "m", 8).unwrap_err();
            assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}

/// A layer of which one input channel, or two, reach a hundred times as far as the others.
/// Few outputs of many inputs: on a large device the sums are cut into slices, and finished when they are
/// joined.
#[test]
fn long_sums_are_finished_when_they_are_joined() {
    let (batch, inputs, outputs) = (5, 1100, 9);
    let (x, weight, bias) = (values(batch * inputs, 1), values(outputs * inputs, 2), values(outputs, 3));
    let quant = ActivationRange { min: -1.0, max: 1.0 }.quant(ActivationBits::Eight).unwrap();
    let int8 = QuantizedWeight::quantize(&weight, outputs, inputs, 8, inputs).unwrap();
    let mut by_device = Vec::new();
    for ctx in devices() {
        let input = Matrix::from_slice(&ctx, &x, batch, inputs).unwrap();
        let mut int8_results = Vec::new();
        for activation in [Activation::None, Activation::Relu, Activation::Sigmoid] {
            let what = format!("{} {activation:?}", name_of(&ctx));
            let layer = WeightOnlyLinear::f32(&ctx, &weight, &bias, inputs, activation).unwrap();
            let before = ctx.counters().dispatches;
            let found = run(&ctx, batch, outputs, |rec, out| layer.record_forward(rec, &input, out));
            let dispatches = ctx.counters().dispatches - before;
            assert_eq!(dispatches, if ctx.is_cpu() { 1 } else { 2 }, "{what}");
            for (&found, (y, size)) in found.iter().zip(exact(&x, &weight, &bias, inputs, activation)) {
                assert_abs_diff_eq!(f64::from(found), y, epsilon = 1e-6 * size);
            }
            let layer = Int8Linear::new(&ctx, &int8, &bias, activation, InputQuant::Static(quant)).unwrap();
            let found = run(&ctx, batch, outputs, |rec, out| layer.record_forward(rec, &input, out));
            for (&found, (y, _)) in found.iter().zip(exact(&x, &weight, &bias, inputs, activation)) {
                assert_abs_diff_eq!(f64::from(found), y, epsilon = 1.0);
            }
            let codes = CodeMatrix::zeros(&ctx, batch, outputs, quant).unwrap();
            let mut rec = Recorder::new(&ctx);
            layer.record_forward(&mut rec, &input, &codes).unwrap();
            rec.run().unwrap();
            int8_results.push((found, codes.to_vec(&ctx).unwrap()));
        }
        if is_exact(&ctx) {
            by_device.push(int8_results);
        }
    }
    assert!(by_device.windows(2).all(|pair| pair[0] == pair[1]), "devices differ");
}

#[test]
fn channels_apart_leave_the_codes_to_the_others() {
    for ctx in devices() {
        for (batch, inputs, outputs, channels, activation) in [
            (1, 2, 1, &[1u32][..], Activation::None),
            (9, 37, 5, &[3, 36], Activation::Relu),
            (33, 96, 70, &[0], Activation::Sigmoid),
        ] {
            let is_apart = |at: usize| channels.iter().any(|&channel| channel as usize == at % inputs);
            let far = |(at, value): (usize, f32)| if is_apart(at) { value * 100.0 } else { value };
            let x: Vec<f32> = values(batch * inputs, 1).into_iter().enumerate().map(far).collect();
            let weight: Vec<f32> = values(outputs * inputs, 2);
            let bias = values(outputs, 3);
            let split = |wanted: bool| -> Vec<f32> {
                let those = weight.iter().enumerate().filter(|(at, _)| is_apart(*at) == wanted);
                those.map(|(_, &value)| value).collect()
            };
            let layer = |weight: &[f32], inputs: usize| {
                let codes = QuantizedWeight::quantize(weight, outputs, inputs, 8, inputs).unwrap();
                Int8Linear::new(&ctx, &codes, &bias, activation, DYNAMIC).unwrap()
            };
            let whole = layer(&weight, inputs);
            let own = inputs - channels.len();
            let apart = layer(&split(false), own).with_channels_apart(&ctx, channels, &split(true)).unwrap();
            assert_eq!((apart.inputs(), apart.channels_apart()), (inputs, channels));
            assert_eq!(
                apart.bytes() - layer(&split(false), own).bytes(),
                (outputs * channels.len() * 4) as u64
            );
            let x = Matrix::from_slice(&ctx, &x, batch, inputs).unwrap();
            let [coarse, fine] = [&whole, &apart]
                .map(|layer| run(&ctx, batch, outputs, |rec, y| layer.record_forward(rec, &x, y)));
            let expected = exact(&x.to_vec(&ctx).unwrap(), &weight, &bias, inputs, activation);
            let error = |found: &[f32]| {
                let errors = found.iter().zip(&expected).map(|(&y, (e, _))| (f64::from(y) - e).abs());
                errors.fold(0.0, f64::max)
            };
            // a step of the codes of all channels is some hundred times as long
            let limit = if activation == Activation::Sigmoid { 0.05 } else { 0.1 };
            assert!(
                error(&fine) < limit && error(&fine) < error(&coarse),
                "{} {}",
                error(&fine),
                error(&coarse)
            );
            // the same from a file
            let mlp = QuantizedMlp::new(&ctx, vec![QuantizedLayer::Int8(apart)], batch).unwrap();
            let mut checkpoint = Checkpoint::new();
            mlp.export(&ctx, &mut checkpoint, "mlp").unwrap();
            let loaded = QuantizedMlp::from_checkpoint(&ctx, &checkpoint, "mlp", batch).unwrap();
            assert_eq!(run(&ctx, batch, outputs, |rec, y| loaded.record_forward(rec, &x, y)), fine);
        }
    }
}

#[test]
fn channels_apart_take_no_codes() {
    let ctx = Context::cpu();
    let codes =
        |inputs: usize| QuantizedWeight::quantize(&values(4 * inputs, 2), 4, inputs, 8, inputs).unwrap();
    let quant = ActivationRange { min: -1.0, max: 1.0 }.quant(ActivationBits::Eight).unwrap();
    let input = InputQuant::Static(quant);
    let layer = |inputs| Int8Linear::new(&ctx, &codes(inputs), &[0.0; 4], Activation::None, input).unwrap();
    let says = |error: Error, expected: &str| assert_eq!(error.to_string(), expected);
    says(
        layer(6).with_channels_apart(&ctx, &[2, 2], &[0.0; 8]).unwrap_err(),
        "channels: expected ascending places below 8, got [2, 2]",
    );
    says(
        layer(6).with_channels_apart(&ctx, &[8], &[0.0; 4]).unwrap_err(),
        "channels: expected ascending places below 7, got [8]",
    );
    says(
        layer(6).with_channels_apart(&ctx, &[0, 3], &[0.0; 7]).unwrap_err(),
        "weight: expected 4 outputs x 2 channels of finite values, got 7 values",
    );
    let apart = layer(6).with_channels_apart(&ctx, &[0, 3], &[0.0; 8]).unwrap();
    says(
        apart.clone().with_channels_apart(&ctx, &[1], &[0.0; 4]).unwrap_err(),
        "layer: expected one without channels apart, got one that has [0, 3] apart",
    );
    let [x, y] = [8, 4].map(|columns| CodeMatrix::zeros(&ctx, 1, columns, quant).unwrap());
    let out = Matrix::zeros(&ctx, 1, 4).unwrap();
    let error = apart.record_forward(&mut Recorder::new(&ctx), &x, &out).unwrap_err();
    says(error, "x: expected values of f32, got codes");
    let values = Matrix::zeros(&ctx, 1, 8).unwrap();
    let error = apart.record_forward(&mut Recorder::new(&ctx), &values, &y).unwrap_err();
    says(error, "out: expected values of f32, got codes");
    // in a stack it gets values from a layer before it, and gives them to the one behind
    let first = Int8Linear::new(
        &ctx,
        &QuantizedWeight::quantize(&[0.5; 16], 8, 2, 8, 2).unwrap(),
        &[0.0; 8],
        Activation::Relu,
        input,
    );
    let layers = [first.unwrap(), apart, layer(4)].map(QuantizedLayer::Int8).to_vec();
    let mlp = QuantizedMlp::new(&ctx, layers, 3).unwrap();
    let x = Matrix::from_slice(&ctx, &[0.5; 6], 3, 2).unwrap();
    assert_eq!(run(&ctx, 3, 4, |rec, y| mlp.record_forward(rec, &x, y)).len(), 12);
}

#[test]
fn batches_that_no_binding_holds_are_cut() {
    // rows of one column take more as codes than as f32
    for (inputs, outputs) in [(1, 3), (200, 5)] {
        let weight = values(outputs * inputs, 2);
        let quantized = QuantizedWeight::quantize(&weight, outputs, inputs, 8, inputs).unwrap();
        let x = values(300 * inputs, 3);
        let run_on = |ctx: &Context| {
            let int8 =
                Int8Linear::new(ctx, &quantized, &vec![0.5; outputs], Activation::None, DYNAMIC).unwrap();
            let x = Matrix::from_slice(ctx, &x, 300, inputs).unwrap();
            run(ctx, 300, outputs, |rec, out| int8.record_forward(rec, &x, out))
        };
        let whole = run_on(&Context::cpu());
        for ctx in devices_with(&ContextOptions::new().max_binding(4096)) {
            let cut = run_on(&ctx);
            if is_exact(&ctx) {
                assert_eq!(cut, whole, "{}", name_of(&ctx));
            }
        }
    }
}

#[test]
fn a_value_that_is_not_finite_is_not_hidden() {
    for ctx in devices() {
        for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let weight = QuantizedWeight::quantize(&[0.5; 12], 3, 4, 8, 4).unwrap();
            let layer = Int8Linear::new(&ctx, &weight, &[0.0; 3], Activation::Relu, DYNAMIC).unwrap();
            let mut x = vec![1.0; 20];
            x[7] = value;
            let x = Matrix::from_slice(&ctx, &x, 5, 4).unwrap();
            let y = run(&ctx, 5, 3, |rec, out| layer.record_forward(rec, &x, out));
            assert!(y.iter().all(|y| y.is_nan()), "{} {value}: {y:?}", name_of(&ctx));
        }
    }
}

#[test]
fn empty_batches_and_constant_ones_are_no_special_case() {
    for ctx in devices() {
        let (_, quantized) = mixed(&ctx, 8);
        let nothing = Matrix::zeros(&ctx, 0, 40).unwrap();
        assert!(run(&ctx, 0, 3, |rec, out| quantized.record_forward(rec, &nothing, out)).is_empty());
        let weight = QuantizedWeight::quantize(&[0.5, -0.25], 1, 2, 8, 2).unwrap();
        let layer = Int8Linear::new(&ctx, &weight, &[0.125], Activation::None, DYNAMIC).unwrap();
        for (value, expected) in [(0.0, 0.125), (3.0, 0.875), (-2.0, -0.375)] {
            let x = Matrix::from_slice(&ctx, &[value; 2], 1, 2).unwrap();
            let y = run(&ctx, 1, 1, |rec, out| layer.record_forward(rec, &x, out));
            assert!(abs_diff_eq!(y[0], expected, epsilon = 0.01), "{}: {y:?}", name_of(&ctx));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |result: embag::Result<()>, words: &str| {
        let error = result.expect_err(words).to_string();
        assert!(error.contains(words), "{error} does not say {words}");
    };
    let weight =
        |outputs, inputs, bits, group| QuantizedWeight::quantize(&values(6, 1), outputs, inputs, bits, group);
    refused(weight(2, 4, 8, 4).map(drop), "2 x 4 values");
    refused(weight(2, 3, 9, 3).map(drop), "2 to 8");
    refused(weight(2, 3, 8, 4).map(drop), "1 to 3 inputs");
    let nan = [0.0, 0.0, 0.0, 1.0, f32::NAN, 0.0];
    refused(QuantizedWeight::quantize(&nan, 2, 3, 8, 3).map(drop), "weight of output 1");
    let codes = |codes: [i8; 2], scale| QuantizedWeight::from_codes(codes.into(), vec![scale], 1, 2, 4, 2);
    refused(codes([8, 0], 1.0).map(drop), "signed numbers of 4 bits");
    refused(codes([7, -8], f32::NAN).map(drop), "finite");
    refused(ActivationRange::of(&[1.0, f32::NAN]).quant(ActivationBits::Eight).map(drop), "finite");
    refused(ActivationRange { min: 1.0, max: 0.0 }.quant(ActivationBits::Seven).map(drop), "ascending");

    for ctx in devices() {
        let int8 = |weight: &QuantizedWeight, bias: &[f32], input| {
            Int8Linear::new(&ctx, weight, bias, Activation::None, input)
        };
        let whole = weight(2, 3, 8, 3).unwrap();
        refused(int8(&whole, &[0.0], DYNAMIC).map(drop), "2 values");
        refused(int8(&whole, &[0.0, f32::NAN], DYNAMIC).map(drop), "finite");
        refused(int8(&weight(2, 3, 8, 2).unwrap(), &[0.0; 2], DYNAMIC).map(drop), "all 3 inputs");
        let [none, some] = [0.0, 1.0].map(|scale| ActivationQuant { scale, zero_point: 3 });
        refused(int8(&whole, &[0.0; 2], InputQuant::Static(none)).map(drop), "positive");
        refused(CodeMatrix::zeros(&ctx, 1, 1, none).map(drop), "positive");
        let long = QuantizedWeight::from_codes(vec![0; 65_537], vec![1.0], 1, 65_537, 8, 65_537).unwrap();
        refused(int8(&long, &[0.0], DYNAMIC).map(drop), "at most 65536");
        let large = WeightOnlyLinear::f16(&ctx, &[1.0, 7e4], &[0.0], 2, Activation::None);
        refused(large.map(drop), "range of f16");
        let groups =
            WeightOnlyLinear::quantized(&ctx, &weight(1, 6, 8, 5).unwrap(), &[0.0], Activation::None);
        refused(groups.map(drop), "power of two");
        let bits = WeightOnlyLinear::quantized(&ctx, &weight(1, 6, 5, 6).unwrap(), &[0.0], Activation::None);
        refused(bits.map(drop), "8 or 4");

        let layer = int8(&whole, &[0.0; 2], InputQuant::Static(some)).unwrap();
        let [x, out] = [3, 2].map(|cols| Matrix::zeros(&ctx, 4, cols).unwrap());
        let other = CodeMatrix::zeros(&ctx, 4, 3, ActivationQuant { scale: 2.0, zero_point: 3 }).unwrap();
        let mut rec = Recorder::new(&ctx);
        refused(layer.record_forward(&mut rec, &out, &out), "4 x 3");
        refused(layer.record_forward(&mut rec, &x, &x), "4 x 2");
        refused(layer.record_forward(&mut rec, &other, &out), "scale: 1");
        refused(QuantizedMlp::new(&ctx, Vec::new(), 4).map(drop), "at least one");
        let layers = vec![QuantizedLayer::Int8(layer.clone()), QuantizedLayer::Int8(layer)];
        refused(QuantizedMlp::new(&ctx, layers, 4).map(drop), "inputs of layer 1");
    }
}
