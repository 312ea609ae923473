//! Cross layers against f64 formulas and central differences, cut batches, optimizers, checkpoints and
//! errors.

mod common;
#[path = "common/dense.rs"]
mod dense;

use approx::abs_diff_eq;
use dense::{ADAM, SGD, all_devices, assert_close, differences, dot, numbers, view, wide};
use embag::Shape;
use embag::dense::{CrossLayer, CrossNet};
use embag::optim::{Adagrad, Sgd};
use embag::{Checkpoint, Context, ContextOptions, Error, Matrix, Recorder, Result};

/// `matrix x` for one example, with rows as long as `x`.
fn times(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix.chunks(x.len()).map(|row| dot(row, x)).collect()
}

/// One layer for all examples; `parameters` are the matrices in their order, then the bias.
fn layer(x0: &[f64], x: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
    let (bias, matrices) = parameters.split_last().expect("a bias");
    let examples = x0.chunks(bias.len()).zip(x.chunks(bias.len()));
    examples
        .flat_map(|(x0, x)| {
            let inner = matrices.iter().fold(x.to_vec(), |x, matrix| times(matrix, &x));
            (0..x.len()).map(|i| x0[i] * (inner[i] + bias[i]) + x[i]).collect::<Vec<_>>()
        })
        .collect()
}

fn net(x0: &[f64], layers: &[Vec<Vec<f64>>]) -> Vec<f64> {
    layers.iter().fold(x0.to_vec(), |x, parameters| layer(x0, &x, parameters))
}

fn read(ctx: &Context, matrices: Vec<(&'static str, &Matrix)>) -> Vec<Vec<f64>> {
    matrices.into_iter().map(|(_, matrix)| wide(&matrix.to_vec(ctx).unwrap())).collect()
}

/// Derivatives by every parameter of every layer.
fn by_parameters(layers: &[Vec<Vec<f64>>], value: impl Fn(&[Vec<Vec<f64>>]) -> f64) -> Vec<Vec<Vec<f64>>> {
    let mut all = Vec::new();
    for (i, parameters) in layers.iter().enumerate() {
        let derivatives = |j: usize| {
            differences(&parameters[j], |point| {
                let mut layers = layers.to_vec();
                layers[i][j] = point.to_vec();
                value(&layers)
            })
        };
        all.push((0..parameters.len()).map(derivatives).collect());
    }
    all
}

#[test]
fn gradients_of_a_net_are_the_derivatives() {
    for ctx in all_devices() {
        for (batch, width, layers, rank) in [
            (1, 1, 1, None),
            (5, 3, 2, None),
            (4, 8, 3, None),
            (1, 1, 2, Some(1)),
            (3, 5, 2, Some(2)),
            (6, 12, 3, Some(7)),
            (2, 9, 1, Some(13)),
        ] {
            // a batch smaller than the largest
            let cross = CrossNet::builder(&ctx, width)
                .layers(layers)
                .rank(rank)
                .max_batch(batch + 2)
                .optimizer(SGD)
                .seed(3)
                .build()
                .unwrap();
            assert_eq!((cross.width(), cross.rank(), cross.max_batch()), (width, rank, batch + 2));
            let parameters: Vec<_> =
                cross.layers().iter().map(|layer| read(&ctx, layer.parameters())).collect();
            let (x, g) = (numbers(batch * width, 1), numbers(batch * width, 2));
            let value = |x: &[f64], parameters: &[Vec<Vec<f64>>]| dot(&net(x, parameters), &wide(&g));
            for as_views in [false, true] {
                let matrix = |data: &[f32]| match as_views {
                    true => view(&ctx, data, batch, width),
                    false => Matrix::from_slice(&ctx, data, batch, width).unwrap(),
                };
                let (input, dy) = (matrix(&x), matrix(&g));
                let [out, dx] = [(); 2].map(|()| matrix(&vec![f32::NAN; batch * width]));
                let mut rec = Recorder::new(&ctx);
                cross.record_forward(&mut rec, &input, &out).unwrap();
                cross.record_backward(&mut rec, &input, &dy, &dx).unwrap();
                rec.run().unwrap();
                let what = format!("{batch} x {width}, {layers} layers, rank {rank:?} on {ctx:?}");
                assert_close(&what, &out.to_vec(&ctx).unwrap(), &net(&wide(&x), &parameters), 1e-6);
                let expected = differences(&wide(&x), |x| value(x, &parameters));
                assert_close(&what, &dx.to_vec(&ctx).unwrap(), &expected, 1e-5);
                let expected = by_parameters(&parameters, |parameters| value(&wide(&x), parameters));
                for (layer, expected) in cross.layers().iter().zip(&expected) {
                    for ((name, found), expected) in layer.gradients().into_iter().zip(expected) {
                        assert_close(
                            &format!("{name}, {what}"),
                            &found.to_vec(&ctx).unwrap(),
                            expected,
                            1e-5,
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_layer_has_gradients_of_both_inputs() {
    for ctx in all_devices() {
        for (batch, width, rank) in [(3, 4, None), (5, 7, Some(3)), (2, 16, Some(4))] {
            let cross = CrossLayer::new(&ctx, width, rank, batch, SGD, 5).unwrap();
            let parameters = read(&ctx, cross.parameters());
            let [x0, x, g, before] = [1, 2, 3, 4].map(|seed| numbers(batch * width, seed));
            let value = |x0: &[f64], x: &[f64]| dot(&layer(x0, x, &parameters), &wide(&g));
            let matrix = |data: &[f32]| view(&ctx, data, batch, width);
            let (a, b, out) = (matrix(&x0), matrix(&x), matrix(&vec![f32::NAN; batch * width]));
            let (dy, dx0) = (matrix(&g), matrix(&before));
            let mut rec = Recorder::new(&ctx);
            cross.record_forward(&mut rec, &a, &b, &out).unwrap();
            cross.record_backward(&mut rec, &a, &b, &dy, &dx0).unwrap();
            rec.run().unwrap();
            let what = format!("{batch} x {width}, rank {rank:?} on {ctx:?}");
            let (x0, x) = (wide(&x0), wide(&x));
            assert_close(&what, &out.to_vec(&ctx).unwrap(), &layer(&x0, &x, &parameters), 1e-6);
            assert_close(&what, &dy.to_vec(&ctx).unwrap(), &differences(&x, |x| value(&x0, x)), 1e-5);
            let added = differences(&x0, |x0| value(x0, &x));
            let expected: Vec<f64> = added.iter().zip(wide(&before)).map(|(a, b)| a + b).collect();
            assert_close(&what, &dx0.to_vec(&ctx).unwrap(), &expected, 1e-5);
        }
    }
}

/// Output, gradient of the input and gradients of the parameters of a batch.
fn pass(
    ctx: &Context,
    width: usize,
    layers: usize,
    rank: Option<usize>,
    batch: usize,
) -> Result<Vec<Vec<f32>>> {
    let cross = CrossNet::builder(ctx, width)
        .layers(layers)
        .rank(rank)
        .max_batch(batch)
        .optimizer(SGD)
        .seed(7)
        .build()?;
    let matrix = |seed| Matrix::from_slice(ctx, &numbers(batch * width, seed), batch, width);
    let (x, out, dy, dx) = (matrix(1)?, matrix(2)?, matrix(3)?, matrix(4)?);
    let mut rec = Recorder::new(ctx);
    cross.record_forward(&mut rec, &x, &out)?;
    cross.record_backward(&mut rec, &x, &dy, &dx)?;
    rec.run()?;
    let gradients = cross.layers().iter().flat_map(CrossLayer::gradients).map(|(_, matrix)| matrix);
    [&out, &dx].into_iter().chain(gradients).map(|matrix| matrix.to_vec(ctx)).collect()
}

#[test]
fn batches_beyond_the_limits_are_cut() {
    let narrow = ContextOptions::new().max_binding(4096);
    let mut devices = common::devices_with(&narrow);
    devices.extend(common::gpu_with(&narrow.clone().shape(Shape::Wide)));
    for (width, rank) in [(20, None), (21, Some(6)), (8, Some(40))] {
        let expected = pass(&Context::cpu(), width, 2, rank, 333).unwrap();
        for ctx in &devices {
            for (found, expected) in pass(ctx, width, 2, rank, 333).unwrap().iter().zip(&expected) {
                assert_close(
                    &format!("width {width}, rank {rank:?} on {ctx:?}"),
                    found,
                    &wide(expected),
                    1e-5,
                );
            }
            let error = CrossLayer::new(ctx, 100, None, 1, SGD, 1).unwrap_err();
            assert!(matches!(error, Error::LimitExceeded { needed: 40_000, limit: 4096, .. }), "{error}");
        }
    }
}

#[test]
fn more_examples_than_a_software_adapter_sums_in_a_loop() {
    let rows = 70_000;
    let expected = pass(&Context::cpu(), 4, 2, Some(2), rows).unwrap();
    for ctx in all_devices() {
        for (found, expected) in pass(&ctx, 4, 2, Some(2), rows).unwrap().iter().zip(&expected) {
            for (found, expected) in found.iter().zip(expected) {
                // 1e-5 of the sum of all terms' sizes, about a quarter each
                let close = abs_diff_eq!(found, expected, epsilon = 1e-5 * 0.25 * rows as f32);
                assert!(close, "{found} is not {expected} on {ctx:?}");
            }
        }
    }
}

#[test]
fn repeated_passes_give_the_same_bits() {
    for ctx in all_devices() {
        for rank in [None, Some(5)] {
            let bits = || -> Vec<Vec<u32>> {
                let all = pass(&ctx, 18, 3, rank, 700).unwrap();
                all.iter().map(|values| values.iter().map(|value| value.to_bits()).collect()).collect()
            };
            let first = bits();
            (0..3).for_each(|run| assert!(bits() == first, "rank {rank:?}, run {run} on {ctx:?}"));
        }
    }
}

#[test]
fn the_values_around_views_stay() {
    for ctx in all_devices() {
        let cross = CrossNet::builder(&ctx, 5)
            .layers(2)
            .rank(None)
            .max_batch(20)
            .optimizer(SGD)
            .seed(3)
            .build()
            .unwrap();
        let outer = [(); 4].map(|()| Matrix::from_slice(&ctx, &[7.0; 20 * 12], 20, 12).unwrap());
        let [x, out, dy, dx] = outer.each_ref().map(|outer| outer.columns(4, 5).unwrap());
        let mut rec = Recorder::new(&ctx);
        cross.record_forward(&mut rec, &x, &out).unwrap();
        cross.record_backward(&mut rec, &x, &dy, &dx).unwrap();
        rec.run().unwrap();
        for outer in outer {
            for row in outer.to_vec(&ctx).unwrap().chunks(12) {
                assert!(row[..4].iter().chain(&row[9..]).all(|&value| value == 7.0), "{row:?} on {ctx:?}");
            }
        }
    }
}

#[test]
fn an_empty_batch_has_zero_gradients() {
    for ctx in all_devices() {
        let cross = CrossNet::builder(&ctx, 2)
            .layers(2)
            .rank(Some(1))
            .max_batch(4)
            .optimizer(SGD)
            .seed(1)
            .build()
            .unwrap();
        let run = |batch: usize| {
            let ones = || Matrix::from_slice(&ctx, &vec![1.0; batch * 2], batch, 2).unwrap();
            let mut rec = Recorder::new(&ctx);
            cross.record_forward(&mut rec, &ones(), &ones()).unwrap();
            cross.record_backward(&mut rec, &ones(), &ones(), &ones()).unwrap();
            rec.run().unwrap();
            read(&ctx, cross.layers()[1].gradients())
        };
        assert_eq!(run(4)[2], [4.0, 4.0]);
        assert!(run(0).into_iter().flatten().all(|value| value == 0.0));
    }
}

#[test]
fn devices_start_with_the_same_parameters() {
    for (rank, scales) in [(None, vec![25, 25]), (Some(4), vec![25, 4, 4])] {
        let all: Vec<Vec<Vec<f64>>> = all_devices()
            .iter()
            .map(|ctx| {
                let cross = CrossLayer::new(ctx, 25, rank, 1, SGD, 42).unwrap();
                assert_eq!((cross.width(), cross.rank(), cross.max_batch()), (25, rank, 1));
                read(ctx, cross.parameters())
            })
            .collect();
        assert!(all.iter().all(|parameters| *parameters == all[0]));
        for (values, inputs) in all[0].iter().zip(scales) {
            let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
            let bound = 1.0 / f64::from(inputs).sqrt();
            assert!(0.8 * bound < largest && largest < 1.0001 * bound, "{largest}, bound {bound}");
        }
    }
}

/// A few steps towards an output that is the product of neighbouring columns; the losses.
fn train(ctx: &Context, cross: &mut CrossNet, steps: u32) -> Vec<f64> {
    let (batch, width) = (32, 4);
    (0..steps)
        .map(|step| {
            let x = numbers(batch * width, 100 + step);
            let wanted: Vec<f32> =
                x.chunks(width).flat_map(|x| (0..width).map(|i| x[i] * x[(i + 1) % width])).collect();
            let matrix = |data: &[f32]| Matrix::from_slice(ctx, data, batch, width).unwrap();
            let (x, out, dx) = (matrix(&x), matrix(&wanted), matrix(&wanted));
            let mut rec = Recorder::new(ctx);
            cross.record_forward(&mut rec, &x, &out).unwrap();
            rec.run().unwrap();
            let off: Vec<f32> = out.to_vec(ctx).unwrap().iter().zip(&wanted).map(|(a, b)| a - b).collect();
            let dy: Vec<f32> = off.iter().map(|off| off / batch as f32).collect();
            let mut rec = Recorder::new(ctx);
            cross.record_backward(&mut rec, &x, &matrix(&dy), &dx).unwrap();
            cross.record_step(&mut rec).unwrap();
            rec.run().unwrap();
            off.iter().map(|&off| f64::from(off * off)).sum::<f64>() / off.len() as f64
        })
        .collect()
}

#[test]
fn a_net_learns() {
    for ctx in all_devices() {
        for rank in [None, Some(4)] {
            let mut cross = CrossNet::builder(&ctx, 4)
                .layers(2)
                .rank(rank)
                .max_batch(32)
                .optimizer(SGD)
                .seed(5)
                .build()
                .unwrap();
            cross.set_lr(0.3).unwrap();
            assert_eq!(cross.optimizer().lr(), 0.3);
            let losses = train(&ctx, &mut cross, 80);
            assert!(losses[79] < 0.3 * losses[0], "{losses:?} on {ctx:?}");
        }
    }
}

#[test]
fn training_can_be_taken_up_again_from_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cross.safetensors");
    for ctx in all_devices() {
        for optimizer in [SGD, Adagrad { lr: 0.1, eps: 1e-8, ..Adagrad::default() }.into(), ADAM] {
            for rank in [None, Some(3)] {
                let new = |seed| {
                    CrossNet::builder(&ctx, 4)
                        .layers(2)
                        .rank(rank)
                        .max_batch(32)
                        .optimizer(optimizer)
                        .seed(seed)
                        .build()
                        .unwrap()
                };
                let (mut first, mut second) = (new(1), new(9));
                train(&ctx, &mut first, 3);
                first.set_lr(0.003).unwrap();
                let mut checkpoint = Checkpoint::new();
                first.export(&ctx, &mut checkpoint, "cross").unwrap();
                checkpoint.save(&path).unwrap();
                let checkpoint = Checkpoint::load(&path).unwrap();
                second.check_import(&checkpoint, "cross").unwrap();
                second.import(&ctx, &checkpoint, "cross").unwrap();
                assert_eq!(second.tensors(&ctx).unwrap(), first.tensors(&ctx).unwrap());
                assert_eq!(second.optimizer(), first.optimizer());
                train(&ctx, &mut first, 2);
                train(&ctx, &mut second, 2);
                assert_eq!(second.tensors(&ctx).unwrap(), first.tensors(&ctx).unwrap());
            }
        }
    }
}

#[test]
fn a_layer_is_exported_and_imported_by_itself() {
    let ctx = Context::cpu();
    let new = |seed| CrossLayer::new(&ctx, 3, Some(2), 1, ADAM, seed).unwrap();
    let (first, mut second) = (new(1), new(2));
    let tensors = first.tensors(&ctx).unwrap();
    let names: Vec<(&str, &[usize])> =
        tensors.iter().map(|tensor| (&tensor.name[..], &tensor.shape[..])).collect();
    assert_eq!(
        names,
        [
            ("v", &[2, 3][..]),
            ("v.exp_avg", &[2, 3]),
            ("v.exp_avg_sq", &[2, 3]),
            ("u", &[3, 2]),
            ("u.exp_avg", &[3, 2]),
            ("u.exp_avg_sq", &[3, 2]),
            ("bias", &[3]),
            ("bias.exp_avg", &[3]),
            ("bias.exp_avg_sq", &[3]),
            ("steps", &[1])
        ]
    );
    second.set_tensors(&ctx, &tensors).unwrap();
    assert_eq!(second.tensors(&ctx).unwrap(), tensors);
    // a tensor that is missing changes nothing
    let third = new(3).tensors(&ctx).unwrap();
    let error = second.set_tensors(&ctx, &third[1..]).unwrap_err().to_string();
    assert_eq!(error, "tensors: expected one named v, got none");
    assert_eq!(second.tensors(&ctx).unwrap(), tensors);
}

#[test]
fn checkpoints_of_other_nets_are_told_why_and_change_nothing() {
    let ctx = Context::cpu();
    let new = |layers, rank, optimizer| {
        CrossNet::builder(&ctx, 4)
            .layers(layers)
            .rank(rank)
            .max_batch(1)
            .optimizer(optimizer)
            .seed(1)
            .build()
            .unwrap()
    };
    let mut checkpoint = Checkpoint::new();
    new(2, Some(3), SGD).export(&ctx, &mut checkpoint, "cross").unwrap();
    for (mut other, expected) in [
        (new(2, None, SGD), "tensor \"cross.0.weight\": expected F32 [4, 4], got none"),
        (new(2, Some(2), SGD), "tensor \"cross.0.v\": expected F32 [2, 4], got F32 [3, 4]"),
        (new(3, Some(3), SGD), "tensor \"cross.2.v\": expected F32 [3, 4], got none"),
        (new(1, Some(3), SGD), "layers of \"cross\": expected 1 layers, got more"),
        (new(2, Some(3), ADAM), "cross.optimizer: expected Adam { lr: 0.01, "),
    ] {
        let before = other.tensors(&ctx).unwrap();
        let error = other.import(&ctx, &checkpoint, "cross").unwrap_err().to_string();
        assert!(error.starts_with(&format!("checkpoint (in memory): {expected}")), "{error}");
        assert_eq!(other.tensors(&ctx).unwrap(), before);
    }
}

#[test]
fn wrong_shapes_are_refused_and_record_nothing() {
    let ctx = Context::cpu();
    let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    let ones = Matrix::from_slice(&ctx, &[1.0; 12], 4, 3).unwrap();
    let mut rec = Recorder::new(&ctx);
    let message = |result: Result<()>| result.expect_err("it does not fit").to_string();
    let cross =
        CrossNet::builder(&ctx, 3).layers(2).rank(None).max_batch(4).optimizer(SGD).seed(1).build().unwrap();
    let (good, bad) = (zeros(4, 3), zeros(4, 2));
    assert_eq!(message(cross.record_forward(&mut rec, &bad, &ones)), "x: expected 4 x 3, got 4 x 2");
    assert_eq!(message(cross.record_forward(&mut rec, &good, &bad)), "out: expected 4 x 3, got 4 x 2");
    assert_eq!(
        message(cross.record_forward(&mut rec, &zeros(5, 3), &ones)),
        "x: expected at most 4 rows, got 5"
    );
    assert_eq!(message(cross.record_backward(&mut rec, &good, &bad, &ones)), "dy: expected 4 x 3, got 4 x 2");
    assert_eq!(
        message(cross.record_backward(&mut rec, &good, &ones, &zeros(3, 3))),
        "dx: expected 4 x 3, got 3 x 3"
    );
    let layer = &cross.layers()[0];
    assert_eq!(message(layer.record_forward(&mut rec, &bad, &good, &ones)), "x0: expected 4 x 3, got 4 x 2");
    assert_eq!(message(layer.record_forward(&mut rec, &good, &bad, &ones)), "x: expected 4 x 3, got 4 x 2");
    assert_eq!(message(layer.record_forward(&mut rec, &good, &good, &bad)), "out: expected 4 x 3, got 4 x 2");
    let many = zeros(5, 3);
    assert_eq!(
        message(layer.record_forward(&mut rec, &many, &many, &ones)),
        "x0: expected at most 4 rows, got 5"
    );
    let backward = layer.record_backward(&mut rec, &good, &good, &bad, &ones);
    assert_eq!(message(backward), "dy: expected 4 x 3, got 4 x 2");
    let backward = layer.record_backward(&mut rec, &good, &good, &ones, &bad);
    assert_eq!(message(backward), "dx0: expected 4 x 3, got 4 x 2");
    rec.run().unwrap();
    assert_eq!(ones.to_vec(&ctx).unwrap(), [1.0; 12]);

    // an output that is an input
    let mut rec = Recorder::new(&ctx);
    cross.record_forward(&mut rec, &good, &good).unwrap();
    assert!(message(rec.run()).ends_with("an overlap"));

    let error = CrossLayer::new(&ctx, 0, None, 4, SGD, 1).unwrap_err().to_string();
    let expected =
        "cross layer: expected at least one column, and a rank of at least 1, got 0 columns, rank None";
    assert_eq!(error, expected);
    assert!(CrossLayer::new(&ctx, 3, Some(0), 4, SGD, 1).is_err());
    let error = CrossNet::builder(&ctx, 3)
        .layers(0)
        .rank(None)
        .max_batch(4)
        .optimizer(SGD)
        .seed(1)
        .build()
        .unwrap_err()
        .to_string();
    assert_eq!(error, "layers: expected at least one, got 0");
    let bad = Sgd { lr: f32::NAN, ..Sgd::default() };
    assert!(
        CrossNet::builder(&ctx, 3).layers(1).rank(None).max_batch(4).optimizer(bad).seed(1).build().is_err()
    );
    let mut cross =
        CrossNet::builder(&ctx, 3).layers(1).rank(None).max_batch(4).optimizer(SGD).seed(1).build().unwrap();
    assert!(cross.set_lr(-1.0).is_err());
}
