//! The dense half against f64 formulas, central differences and PyTorch's own vectors.

use approx::assert_abs_diff_eq;
use embag::Shape;
use embag::dense::{
    Activation, DenseOptimizer, Factor, Interaction, Linear, Mlp, record_add_matmul, record_bce_with_logits,
    record_matmul,
};
use embag::optim::{Adagrad, Adam, Sgd, WeightDecay};
use embag::{Context, ContextOptions, Error, Matrix, Recorder, Result};
use proptest::prelude::*;
use safetensors::SafeTensors;

use crate::common;
use crate::dense::{ADAM, SGD, all_devices, assert_close, differences, dot, numbers, view, wide};

/// `activation(x weight^T + bias)`, row-major.
fn linear(x: &[f64], weight: &[f64], bias: &[f64], activation: Activation) -> Vec<f64> {
    let inputs = weight.len() / bias.len();
    let rows = x.chunks(inputs);
    rows.flat_map(|x| {
        weight.chunks(inputs).zip(bias).map(move |(weight, bias)| {
            let z: f64 = x.iter().zip(weight).map(|(x, w)| x * w).sum::<f64>() + bias;
            match activation {
                Activation::None => z,
                Activation::Relu => z.max(0.0),
                Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
            }
        })
    })
    .collect()
}

#[test]
fn golden_dot_interaction() {
    let file = include_bytes!("../golden/dot_interaction.safetensors");
    let golden = SafeTensors::deserialize(file).expect("a valid file");
    let tensor =
        |name: &str| -> Vec<f32> { bytemuck_floats(golden.tensor(name).expect("it is in the file").data()) };
    let (batch, features, dim) = (4, 6, 8);
    for ctx in all_devices() {
        for (name, self_interaction) in [("strict", false), ("self", true)] {
            let interaction = Interaction { features, dim, self_interaction, dense_part: true };
            let columns = interaction.out_cols();
            let expected = tensor(&format!("out_{name}"));
            assert_eq!(expected.len(), batch * columns);
            for x in [
                Matrix::from_slice(&ctx, &tensor("x"), batch, features * dim).unwrap(),
                view(&ctx, &tensor("x"), batch, features * dim),
            ] {
                let out = view(&ctx, &vec![f32::NAN; batch * columns], batch, columns);
                let dout = view(&ctx, &tensor(&format!("grad_out_{name}")), batch, columns);
                let dx = view(&ctx, &vec![f32::NAN; batch * features * dim], batch, features * dim);
                let mut rec = Recorder::new(&ctx);
                interaction.record_forward(&mut rec, &x, &out).unwrap();
                interaction.record_backward(&mut rec, &x, &dout, &dx).unwrap();
                rec.run().unwrap();
                assert_close(name, &out.to_vec(&ctx).unwrap(), &wide(&expected), 1e-6);
                let grad = tensor(&format!("grad_x_{name}"));
                assert_close(name, &dx.to_vec(&ctx).unwrap(), &wide(&grad), 1e-6);
            }
        }
    }
}

fn bytemuck_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[test]
fn interaction_gradient_is_the_derivative() {
    for ctx in all_devices() {
        for (features, dim, self_interaction, dense_part) in [
            (1, 3, true, false),
            (1, 1, false, true),
            (2, 5, false, true),
            (5, 7, true, false),
            (9, 4, false, true),
        ] {
            let interaction = Interaction { features, dim, self_interaction, dense_part };
            let (batch, columns) = (3, interaction.out_cols());
            let (x, g) = (numbers(batch * features * dim, 1), numbers(batch * columns, 2));
            let value = |x: &[f64]| -> f64 {
                let mut out = Vec::new();
                for x in x.chunks(features * dim) {
                    let rows: Vec<&[f64]> = x.chunks(dim).collect();
                    if dense_part {
                        out.extend(rows[0]);
                    }
                    for i in 0..features {
                        out.extend((0..i + usize::from(self_interaction)).map(|j| dot(rows[i], rows[j])));
                    }
                }
                dot(&out, &wide(&g))
            };
            let expected = differences(&wide(&x), value);
            let x = Matrix::from_slice(&ctx, &x, batch, features * dim).unwrap();
            let dout = Matrix::from_slice(&ctx, &g, batch, columns).unwrap();
            let dx = Matrix::zeros(&ctx, batch, features * dim).unwrap();
            let mut rec = Recorder::new(&ctx);
            interaction.record_backward(&mut rec, &x, &dout, &dx).unwrap();
            rec.run().unwrap();
            assert_close(&format!("{interaction:?}"), &dx.to_vec(&ctx).unwrap(), &expected, 1e-5);
        }
    }
}

#[test]
fn linear_gradients_are_the_derivatives() {
    for ctx in all_devices() {
        for (batch, inputs, outputs, activation) in [
            (1, 1, 1, Activation::None),
            (5, 3, 2, Activation::Sigmoid),
            (4, 9, 17, Activation::Relu),
            (2, 70, 3, Activation::None),
        ] {
            let layer = Linear::new(&ctx, inputs, outputs, activation, SGD, 3).unwrap();
            let (x, g) = (numbers(batch * inputs, 5), numbers(batch * outputs, 6));
            let weight = wide(&layer.weight().to_vec(&ctx).unwrap());
            let bias = wide(&layer.bias().to_vec(&ctx).unwrap());
            let value = |x: &[f64], weight: &[f64], bias: &[f64]| {
                dot(&linear(x, weight, bias, activation), &wide(&g))
            };
            let (input, x) = (wide(&x), view(&ctx, &x, batch, inputs));
            let y = view(&ctx, &vec![f32::NAN; batch * outputs], batch, outputs);
            let dy = view(&ctx, &g, batch, outputs);
            let dx = view(&ctx, &vec![f32::NAN; batch * inputs], batch, inputs);
            let mut rec = Recorder::new(&ctx);
            layer.record_forward(&mut rec, &x, &y).unwrap();
            layer.record_backward(&mut rec, &x, &y, &dy, Some(&dx)).unwrap();
            rec.run().unwrap();

            let what = format!("{batch} x {inputs} x {outputs} {activation:?} on {ctx:?}");
            let read = |matrix: &Matrix| matrix.to_vec(&ctx).unwrap();
            assert_close(&what, &read(&y), &linear(&input, &weight, &bias, activation), 1e-6);
            let by_weight = differences(&weight, |weight| value(&input, weight, &bias));
            assert_close(&what, &read(layer.weight_grad()), &by_weight, 1e-5);
            let by_bias = differences(&bias, |bias| value(&input, &weight, bias));
            assert_close(&what, &read(layer.bias_grad()), &by_bias, 1e-5);
            assert_close(&what, &read(&dx), &differences(&input, |x| value(x, &weight, &bias)), 1e-5);
        }
    }
}

#[test]
fn the_values_around_a_view_stay() {
    for ctx in all_devices() {
        let outer = Matrix::from_slice(&ctx, &[7.0; 20 * 12], 20, 12).unwrap();
        let x = Matrix::zeros(&ctx, 20, 5).unwrap();
        let layer = Linear::new(&ctx, 5, 5, Activation::Relu, SGD, 3).unwrap();
        let inner = outer.columns(5, 5).unwrap();
        let mut rec = Recorder::new(&ctx);
        layer.record_forward(&mut rec, &x, &inner).unwrap();
        rec.run().unwrap();
        for row in outer.to_vec(&ctx).unwrap().chunks(12) {
            assert!(row[..5].iter().chain(&row[10..]).all(|&value| value == 7.0), "{row:?}");
            // relu leaves nothing at 7
            assert!(row[5..10].iter().all(|&value| value != 7.0), "{row:?}");
        }
    }
}

#[test]
fn mlp_gradients_are_the_derivatives() {
    for ctx in all_devices() {
        let sizes = [6, 9, 5, 2];
        // a batch smaller than the largest
        let mlp = Mlp::new(&ctx, &sizes, Activation::Sigmoid, 8, SGD, 11).unwrap();
        assert_eq!((mlp.inputs(), mlp.outputs(), mlp.max_batch()), (6, 2, 8));
        let batch = 5;
        let (x, g) = (numbers(batch * 6, 1), numbers(batch * 2, 2));
        let parameters: Vec<[Vec<f64>; 2]> = mlp
            .layers()
            .iter()
            .map(|layer| layer.parameters().map(|(_, matrix)| wide(&matrix.to_vec(&ctx).unwrap())))
            .collect();
        let value = |x: &[f64], parameters: &[[Vec<f64>; 2]]| {
            let mut x = x.to_vec();
            for (layer, [weight, bias]) in mlp.layers().iter().zip(parameters) {
                x = linear(&x, weight, bias, layer.activation());
            }
            dot(&x, &wide(&g))
        };
        let (input, x) = (wide(&x), Matrix::from_slice(&ctx, &x, batch, 6).unwrap());
        let y = Matrix::zeros(&ctx, batch, 2).unwrap();
        let dy = Matrix::from_slice(&ctx, &g, batch, 2).unwrap();
        let dx = Matrix::zeros(&ctx, batch, 6).unwrap();
        let mut rec = Recorder::new(&ctx);
        mlp.record_forward(&mut rec, &x, &y).unwrap();
        mlp.record_backward(&mut rec, &x, &y, &dy, Some(&dx)).unwrap();
        rec.run().unwrap();
        let by_input = differences(&input, |x| value(x, &parameters));
        assert_close("dx", &dx.to_vec(&ctx).unwrap(), &by_input, 1e-5);
        for (i, layer) in mlp.layers().iter().enumerate() {
            for (j, grad) in [layer.weight_grad(), layer.bias_grad()].into_iter().enumerate() {
                let expected = differences(&parameters[i][j], |point| {
                    let mut all = parameters.clone();
                    all[i][j] = point.to_vec();
                    value(&input, &all)
                });
                assert_close(&format!("layer {i}, {j}"), &grad.to_vec(&ctx).unwrap(), &expected, 1e-5);
            }
        }
    }
}

#[test]
fn bce_gradient_is_the_derivative() {
    let loss_of = |z: f64, y: f64| z.max(0.0) - z * y + (-z.abs()).exp().ln_1p();
    for ctx in all_devices() {
        let batch = 70;
        let logits: Vec<f32> = numbers(batch, 4).iter().map(|z| z * 12.0).collect();
        let targets: Vec<f32> = (0..batch).map(|i| [0.0, 1.0, 0.3][i % 3]).collect();
        let (z, y) = (view(&ctx, &logits, batch, 1), view(&ctx, &targets, batch, 1));
        let (loss, grad) = (view(&ctx, &vec![9.0; batch], batch, 1), view(&ctx, &vec![9.0; batch], batch, 1));
        let mut rec = Recorder::new(&ctx);
        record_bce_with_logits(&mut rec, &z, &y, &loss, &grad).unwrap();
        rec.run().unwrap();
        let expected: Vec<f64> =
            logits.iter().zip(&targets).map(|(&z, &y)| loss_of(z.into(), y.into())).collect();
        assert_close("loss", &loss.to_vec(&ctx).unwrap(), &expected, 1e-6);
        let by_logit = differences(&wide(&logits), |z| {
            z.iter().zip(&targets).map(|(&z, &y)| loss_of(z, y.into())).sum::<f64>() / batch as f64
        });
        assert_close("grad", &grad.to_vec(&ctx).unwrap(), &by_logit, 1e-7);
    }
}

#[test]
fn bce_of_huge_logits_is_finite() {
    for ctx in all_devices() {
        let logits = [-1e30, -200.0, -0.0, 200.0, 1e30];
        let z = Matrix::from_slice(&ctx, &logits, 5, 1).unwrap();
        let y = Matrix::from_slice(&ctx, &[0.0, 1.0, 1.0, 1.0, 1.0], 5, 1).unwrap();
        let (loss, grad) = (Matrix::zeros(&ctx, 5, 1).unwrap(), Matrix::zeros(&ctx, 5, 1).unwrap());
        let mut rec = Recorder::new(&ctx);
        record_bce_with_logits(&mut rec, &z, &y, &loss, &grad).unwrap();
        rec.run().unwrap();
        let loss = loss.to_vec(&ctx).unwrap();
        assert_eq!([loss[0], loss[1], loss[3], loss[4]], [0.0, 200.0, 0.0, 0.0]);
        assert_abs_diff_eq!(loss[2], 2f32.ln(), epsilon = 1e-6);
        assert_close("grad", &grad.to_vec(&ctx).unwrap(), &[0.0, -0.2, -0.1, 0.0, 0.0], 1e-7);
    }
}

/// Steps of an optimizer on one value, in f64 and by torch's formulas.
fn reference(optimizer: &DenseOptimizer, mut w: f64, gradients: &[f64]) -> f64 {
    let (mut m, mut v, mut powers) = (0.0, 0.0, [1.0, 1.0]);
    for &gradient in gradients {
        match *optimizer {
            DenseOptimizer::Sgd(Sgd { lr, weight_decay }) => {
                let WeightDecay::L2(decay) = weight_decay else { panic!("{weight_decay:?}") };
                w -= f64::from(lr) * (gradient + f64::from(decay) * w);
            }
            DenseOptimizer::Adagrad(Adagrad { lr, eps, .. }) => {
                v += gradient * gradient;
                w -= f64::from(lr) * gradient / (f64::sqrt(v) + f64::from(eps));
            }
            DenseOptimizer::Adam(Adam { lr, betas, eps, weight_decay, .. }) => {
                let (decay, decoupled) = match weight_decay {
                    WeightDecay::None => (0.0, false),
                    WeightDecay::L2(decay) => (decay, false),
                    WeightDecay::Decoupled(decay) => (decay, true),
                };
                let (lr, decay) = (f64::from(lr), f64::from(decay));
                let gradient = if decoupled { gradient } else { gradient + decay * w };
                if decoupled {
                    w *= 1.0 - lr * decay;
                }
                m = betas[0] * m + (1.0 - betas[0]) * gradient;
                v = betas[1] * v + (1.0 - betas[1]) * gradient * gradient;
                powers = [powers[0] * betas[0], powers[1] * betas[1]];
                let root = f64::sqrt(v / (1.0 - powers[1])) + f64::from(eps);
                w -= lr * m / (1.0 - powers[0]) / root;
            }
        }
    }
    w
}

#[test]
fn optimizers_follow_their_formulas() {
    let adam = |weight_decay| Adam { lr: 0.05, eps: 1e-6, weight_decay, ..Adam::default() };
    for ctx in all_devices() {
        for optimizer in [
            DenseOptimizer::from(Sgd { lr: 0.1, weight_decay: WeightDecay::L2(0.05) }),
            Adagrad { lr: 0.1, eps: 1e-4, ..Adagrad::default() }.into(),
            adam(WeightDecay::None).into(),
            adam(WeightDecay::L2(0.1)).into(),
            adam(WeightDecay::Decoupled(0.1)).into(),
        ] {
            let mut layer = Linear::new(&ctx, 3, 5, Activation::None, optimizer, 9).unwrap();
            let before = layer.weight().to_vec(&ctx).unwrap();
            // the identity as input: the weight's gradient is the transposed gradient of the output
            let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
            let x = Matrix::from_slice(&ctx, &identity, 3, 3).unwrap();
            let mut gradients = vec![Vec::new(); 15];
            for step in 0..5 {
                let g = numbers(15, 20 + step);
                for (i, gradients) in gradients.iter_mut().enumerate() {
                    gradients.push(f64::from(g[i % 3 * 5 + i / 3]));
                }
                let dy = Matrix::from_slice(&ctx, &g, 3, 5).unwrap();
                let mut rec = Recorder::new(&ctx);
                layer.record_backward(&mut rec, &x, &dy, &dy.clone(), None).unwrap();
                layer.record_step(&mut rec).unwrap();
                rec.run().unwrap();
            }
            let expected: Vec<f64> =
                before.iter().zip(&gradients).map(|(&w, g)| reference(&optimizer, w.into(), g)).collect();
            assert_close(&format!("{optimizer:?}"), &layer.weight().to_vec(&ctx).unwrap(), &expected, 2e-6);
        }
    }
}

/// A small problem that can be learned: whether the first of three numbers is larger than the others'
/// product.
fn train(ctx: &Context, mlp: &mut Mlp, steps: u32) -> Result<Vec<f32>> {
    let batch = 64;
    let mut losses = Vec::new();
    for step in 0..steps {
        let x = numbers(batch * 3, 100 + step);
        let labels: Vec<f32> = x.chunks(3).map(|x| f32::from(u8::from(x[0] > x[1] * x[2]))).collect();
        let x = Matrix::from_slice(ctx, &x, batch, 3)?;
        let labels = Matrix::from_slice(ctx, &labels, batch, 1)?;
        let (z, loss, grad) =
            (Matrix::zeros(ctx, batch, 1)?, Matrix::zeros(ctx, batch, 1)?, Matrix::zeros(ctx, batch, 1)?);
        let mut rec = Recorder::new(ctx);
        mlp.record_forward(&mut rec, &x, &z)?;
        record_bce_with_logits(&mut rec, &z, &labels, &loss, &grad)?;
        mlp.record_backward(&mut rec, &x, &z, &grad, None)?;
        mlp.record_step(&mut rec)?;
        rec.run()?;
        losses.push(loss.to_vec(ctx)?.iter().sum::<f32>() / batch as f32);
    }
    Ok(losses)
}

#[test]
fn a_network_learns() {
    for ctx in all_devices() {
        let optimizer = Adagrad { lr: 0.5, eps: 1e-8, ..Adagrad::default() };
        let mut mlp = Mlp::new(&ctx, &[3, 16, 1], Activation::None, 64, optimizer, 5).unwrap();
        mlp.set_lr(0.1).unwrap();
        let losses = train(&ctx, &mut mlp, 60).unwrap();
        assert!(losses[0] > 0.6 && losses[59] < 0.35, "{losses:?} on {ctx:?}");
    }
}

#[test]
fn training_can_be_taken_up_again() {
    for ctx in all_devices() {
        for optimizer in [SGD, Adagrad { lr: 0.1, eps: 1e-8, ..Adagrad::default() }.into(), ADAM] {
            let new = |seed| Mlp::new(&ctx, &[3, 5, 1], Activation::None, 64, optimizer, seed).unwrap();
            let (mut first, mut second) = (new(1), new(2));
            train(&ctx, &mut first, 4).unwrap();
            let tensors = first.tensors(&ctx).unwrap();
            second.set_tensors(&ctx, &tensors).unwrap();
            assert_eq!(second.tensors(&ctx).unwrap(), tensors);
            train(&ctx, &mut first, 3).unwrap();
            train(&ctx, &mut second, 3).unwrap();
            assert_eq!(first.tensors(&ctx).unwrap(), second.tensors(&ctx).unwrap());

            let names: Vec<&str> = tensors.iter().map(|tensor| &tensor.name[..]).collect();
            if optimizer == ADAM {
                assert_eq!(
                    names[..7],
                    [
                        "0.weight",
                        "0.weight.exp_avg",
                        "0.weight.exp_avg_sq",
                        "0.bias",
                        "0.bias.exp_avg",
                        "0.bias.exp_avg_sq",
                        "0.steps"
                    ]
                );
            }
            assert_eq!((&tensors[0].shape[..], tensors[0].values.len()), (&[5, 3][..], 15));

            // a checkpoint that does not fit changes nothing
            let mut short = tensors.clone();
            short.pop();
            let error = second.set_tensors(&ctx, &short).unwrap_err().to_string();
            assert_eq!(error, "tensors: expected one named 1.steps, got none");
            let mut wrong = tensors.clone();
            wrong[0].shape = vec![3, 5];
            let error = second.set_tensors(&ctx, &wrong).unwrap_err().to_string();
            assert_eq!(error, "0.weight: expected shape [5, 3], got shape [3, 5] with 15 values");
            assert_eq!(first.tensors(&ctx).unwrap(), second.tensors(&ctx).unwrap());
        }
    }
}

#[test]
fn devices_start_with_the_same_parameters() {
    let layers: Vec<Vec<f32>> = all_devices()
        .iter()
        .map(|ctx| {
            let layer = Linear::new(ctx, 30, 7, Activation::None, SGD, 42).unwrap();
            [layer.weight(), layer.bias()].map(|matrix| matrix.to_vec(ctx).unwrap()).concat()
        })
        .collect();
    let bound = 1.0 / 30f32.sqrt();
    assert!(layers[0].iter().all(|w| w.abs() <= bound));
    assert!(layers[0].iter().any(|w| w.abs() > 0.9 * bound));
    for layer in &layers {
        assert_eq!(layer, &layers[0]);
    }
}

#[test]
fn batches_beyond_the_limits_are_cut() {
    let narrow = ContextOptions::new().max_binding(4096);
    let mut devices = common::devices_with(&narrow);
    devices.extend(common::gpu_with(&narrow.clone().shape(Shape::Wide)));
    let interaction = Interaction { features: 3, dim: 4, self_interaction: false, dense_part: true };
    let (batch, columns) = (700, interaction.out_cols());
    let (x, g) = (numbers(batch * 12, 1), numbers(batch * 4, 2));
    let run = |ctx: &Context| -> Result<Vec<f32>> {
        let layer = Linear::new(ctx, columns, 4, Activation::Sigmoid, SGD, 1)?;
        let x = Matrix::from_slice(ctx, &x, batch, 12)?;
        let z = Matrix::zeros(ctx, batch, columns)?;
        let (y, dz) = (Matrix::zeros(ctx, batch, 4)?, Matrix::zeros(ctx, batch, columns)?);
        let dy = Matrix::from_slice(ctx, &g, batch, 4)?;
        let (dx, loss) = (Matrix::zeros(ctx, batch, 12)?, Matrix::zeros(ctx, batch, 4)?);
        let mut rec = Recorder::new(ctx);
        interaction.record_forward(&mut rec, &x, &z)?;
        layer.record_forward(&mut rec, &z, &y)?;
        layer.record_backward(&mut rec, &z, &y, &dy, Some(&dz))?;
        interaction.record_backward(&mut rec, &x, &dz, &dx)?;
        let column = |matrix: &Matrix, i| matrix.columns(i, 1);
        record_bce_with_logits(
            &mut rec,
            &column(&z, 1)?,
            &column(&y, 0)?,
            &column(&loss, 0)?,
            &column(&dy, 2)?,
        )?;
        rec.run()?;
        let all = [&z, &y, &dz, &dx, layer.weight_grad(), layer.bias_grad(), &loss];
        Ok(all.map(|matrix| matrix.to_vec(ctx).unwrap()).concat())
    };
    let expected = wide(&run(&Context::cpu()).unwrap());
    for ctx in devices {
        assert_close(&format!("{ctx:?}"), &run(&ctx).unwrap(), &expected, 1e-5);
        let error = Linear::new(&ctx, 100, 100, Activation::None, SGD, 1).unwrap_err();
        assert!(matches!(error, Error::LimitExceeded { needed: 40_000, limit: 4096, .. }), "{error}");
    }
}

#[test]
fn an_empty_batch_has_zero_gradients() {
    for ctx in all_devices() {
        let mlp = Mlp::new(&ctx, &[2, 3, 1], Activation::None, 4, SGD, 1).unwrap();
        let run = |batch: usize| {
            let ones = |cols| Matrix::from_slice(&ctx, &vec![1.0; batch * cols], batch, cols).unwrap();
            let (x, y, dy) = (ones(2), ones(1), ones(1));
            let mut rec = Recorder::new(&ctx);
            mlp.record_forward(&mut rec, &x, &y).unwrap();
            mlp.record_backward(&mut rec, &x, &y, &dy, None).unwrap();
            rec.run().unwrap();
            mlp.layers()[1].bias_grad().to_vec(&ctx).unwrap()
        };
        assert_eq!(run(4), [4.0]);
        assert_eq!(run(0), [0.0]);
        let interaction = Interaction { features: 2, dim: 2, self_interaction: true, dense_part: true };
        let (x, out) = (Matrix::zeros(&ctx, 0, 4).unwrap(), Matrix::zeros(&ctx, 0, 5).unwrap());
        let mut rec = Recorder::new(&ctx);
        interaction.record_forward(&mut rec, &x, &out).unwrap();
        interaction.record_backward(&mut rec, &x, &out, &x.clone()).unwrap();
        rec.run().unwrap();
    }
}

#[test]
fn a_product_over_nothing_is_zero() {
    for ctx in all_devices() {
        let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
        let out = Matrix::from_slice(&ctx, &[5.0; 6], 2, 3).unwrap();
        let mut rec = Recorder::new(&ctx);
        record_matmul(&mut rec, &zeros(2, 0), &zeros(0, 3), &out).unwrap();
        record_matmul(&mut rec, &zeros(0, 4), &zeros(4, 3), &zeros(0, 3)).unwrap();
        record_matmul(&mut rec, &zeros(3, 4), &zeros(4, 0), &zeros(3, 0)).unwrap();
        rec.run().unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), [0.0; 6]);
    }
}

#[test]
fn nan_goes_through_relu() {
    for ctx in all_devices() {
        let layer = Linear::new(&ctx, 1, 1, Activation::Relu, SGD, 1).unwrap();
        let x = Matrix::from_slice(&ctx, &[f32::NAN], 1, 1).unwrap();
        let y = Matrix::zeros(&ctx, 1, 1).unwrap();
        let mut rec = Recorder::new(&ctx);
        layer.record_forward(&mut rec, &x, &y).unwrap();
        rec.run().unwrap();
        assert!(y.to_vec(&ctx).unwrap()[0].is_nan(), "{ctx:?}");
    }
}

#[test]
fn wrong_shapes_are_refused() {
    let ctx = Context::cpu();
    let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    let mut rec = Recorder::new(&ctx);
    let message = |result: Result<()>| result.expect_err("the shape is wrong").to_string();
    let layer = Linear::new(&ctx, 3, 2, Activation::Relu, SGD, 1).unwrap();
    assert_eq!(
        message(layer.record_forward(&mut rec, &zeros(4, 5), &zeros(4, 2))),
        "x: expected 4 x 3, got 4 x 5"
    );
    assert_eq!(
        message(layer.record_forward(&mut rec, &zeros(4, 3), &zeros(3, 2))),
        "out: expected 4 x 2, got 3 x 2"
    );
    let (x, y) = (zeros(4, 3), zeros(4, 2));
    let backward = layer.record_backward(&mut rec, &x, &y, &zeros(4, 1), None);
    assert_eq!(message(backward), "dy: expected 4 x 2, got 4 x 1");
    let backward = layer.record_backward(&mut rec, &x, &y, &zeros(4, 2), Some(&zeros(4, 2)));
    assert_eq!(message(backward), "dx: expected 4 x 3, got 4 x 2");
    assert_eq!(
        message(record_matmul(&mut rec, &zeros(2, 3), &zeros(4, 2), &zeros(2, 2))),
        "b: expected 3 x 2, got 4 x 2"
    );
    let mlp = Mlp::new(&ctx, &[3, 2], Activation::None, 3, SGD, 1).unwrap();
    assert_eq!(message(mlp.record_forward(&mut rec, &x, &y)), "x: expected at most 3 rows, got 4");
    let interaction = Interaction { features: 0, dim: 2, self_interaction: false, dense_part: true };
    let error = message(interaction.record_forward(&mut rec, &x, &y));
    assert!(
        error.starts_with("interaction: expected at least one feature, value and output, got"),
        "{error}"
    );
    let error =
        message(record_bce_with_logits(&mut rec, &zeros(4, 1), &zeros(4, 2), &zeros(4, 1), &zeros(4, 1)));
    assert_eq!(error, "labels: expected 4 x 1, got 4 x 2");
    assert!(Linear::new(&ctx, 0, 2, Activation::None, SGD, 1).is_err());
    assert!(Mlp::new(&ctx, &[3], Activation::None, 3, SGD, 1).is_err());
    let bad = Sgd { lr: f32::NAN, ..Sgd::default() };
    assert!(Linear::new(&ctx, 1, 1, Activation::None, bad, 1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12 * common::case_factor()))]

    #[test]
    fn products_of_any_shape_and_place(
        m in 1usize..80, n in 1usize..150, k in 1usize..40,
        views in any::<[bool; 3]>(), transposed in any::<[bool; 2]>(), add in any::<bool>(),
    ) {
        for ctx in all_devices() {
            // as they are stored
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let matrix = |data: &[f32], (rows, cols): (usize, usize), as_view: bool| {
                if as_view {
                    view(&ctx, data, rows, cols)
                } else {
                    let padded = Matrix::padded(&ctx, rows, cols).expect("memory");
                    padded.write(&ctx, data).expect("it fits");
                    padded
                }
            };
            let shape = |rows, cols, transposed: bool| if transposed { (cols, rows) } else { (rows, cols) };
            let before = if add { 0.5 } else { f32::NAN };
            let out = matrix(&vec![before; m * n], (m, n), views[2]);
            let (x, y) = (
                matrix(&a, shape(m, k, transposed[0]), views[0]),
                matrix(&b, shape(k, n, transposed[1]), views[1]),
            );
            fn factor(matrix: &Matrix, transposed: bool) -> Factor<'_> {
                if transposed { matrix.transposed() } else { matrix.into() }
            }
            let (x, y) = (factor(&x, transposed[0]), factor(&y, transposed[1]));
            let mut rec = Recorder::new(&ctx);
            if add {
                record_add_matmul(&mut rec, x, y, &out).unwrap();
            } else {
                record_matmul(&mut rec, x, y, &out).unwrap();
            }
            rec.run().unwrap();
            let of_a = |i: usize, x: usize| f64::from(a[if transposed[0] { x * m + i } else { i * k + x }]);
            let of_b = |x: usize, j: usize| f64::from(b[if transposed[1] { j * k + x } else { x * n + j }]);
            let sum = |i, j| (0..k).map(|x| of_a(i, x) * of_b(x, j)).sum::<f64>();
            let expected: Vec<f64> = (0..m * n)
                .map(|at| sum(at / n, at % n) + if add { 0.5 } else { 0.0 })
                .collect();
            assert_close(&format!("{m}x{n}x{k} {ctx:?}"), &out.to_vec(&ctx).unwrap(), &expected, 1e-5);
        }
    }
}
