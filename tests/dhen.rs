//! Stacked interactions against f64 formulas and central differences, what zero weights leave, checkpoints and
//! errors.

mod common;
#[path = "common/dense.rs"]
mod dense;

use std::collections::HashMap;

use dense::{ADAM, SGD, all_devices, assert_close, differences, dot, numbers, view, wide};
use embag::dense::{Dhen, DhenBuilder, DhenLayer, Ensemble, Module};
use embag::optim::{Adagrad, Sgd};
use embag::{Checkpoint, Context, ContextOptions, Error, Matrix, Precision, Recorder, Result};

type Parameters = HashMap<String, Vec<f64>>;

const LINEAR: Module = Module::Linear;
const DOT: Module = Module::Dot { hidden: None };
const DEEP_DOT: Module = Module::Dot { hidden: Some(5) };
const MLP: Module = Module::Mlp { hidden: 6 };
const ATTENTION: Module = Module::Attention { heads: 2, ff: 5 };
const CONV: Module = Module::Conv { channels: 2 };
const CROSS: Module = Module::Cross { rank: None };
const LOW_CROSS: Module = Module::Cross { rank: Some(2) };
const FM: Module = Module::Fm { rank: 3, hidden: 5 };

/// A layer: its tokens, how modules are put together, and what each makes.
#[derive(Debug, Clone)]
struct Made {
    tokens: usize,
    ensemble: Ensemble,
    modules: Vec<(Module, usize)>,
}

fn summed(tokens: usize, modules: &[Module]) -> Made {
    let modules = modules.iter().map(|&module| (module, tokens)).collect();
    Made { tokens, ensemble: Ensemble::Sum, modules }
}

fn weighted(tokens: usize, modules: &[Module]) -> Made {
    Made { ensemble: Ensemble::WeightedSum, ..summed(tokens, modules) }
}

fn side_by_side(modules: &[(Module, usize)]) -> Made {
    let tokens = modules.iter().map(|(_, tokens)| tokens).sum();
    Made { tokens, ensemble: Ensemble::Concat, modules: modules.to_vec() }
}

impl Made {
    fn described(&self) -> DhenLayer {
        let empty = DhenLayer::new(self.tokens, self.ensemble);
        self.modules.iter().fold(empty, |layer, &(module, tokens)| match self.ensemble {
            Ensemble::Concat => layer.module_of(tokens, module),
            _ => layer.module(module),
        })
    }
}

fn described(builder: DhenBuilder, layers: &[Made]) -> DhenBuilder {
    layers.iter().fold(builder, |builder, layer| builder.layer(layer.described()))
}

/// `W X`, for an example's X with rows of `dim` values.
fn mixed(weight: &[f64], x: &[f64], dim: usize) -> Vec<f64> {
    let tokens = x.len() / dim;
    let of_row = |row: &[f64]| -> Vec<f64> {
        (0..dim).map(|d| row.iter().enumerate().map(|(t, w)| w * x[t * dim + d]).sum()).collect()
    };
    weight.chunks(tokens).flat_map(of_row).collect()
}

/// Linear layers with relu between them, for one example.
fn perceptron(parameters: &Parameters, prefix: &str, x: &[f64]) -> Vec<f64> {
    let mut values = x.to_vec();
    for i in 0.. {
        let Some(weight) = parameters.get(&format!("{prefix}{i}.weight")) else { break };
        if i > 0 {
            values.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        let rows = weight.chunks(values.len()).zip(&parameters[&format!("{prefix}{i}.bias")]);
        values = rows.map(|(row, bias)| dot(row, &values) + bias).collect();
    }
    values
}

/// `X^T X`
fn gram(x: &[f64], dim: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| x.chunks(dim).map(|token| token[i] * token[j]).sum();
    (0..dim).flat_map(|i| (0..dim).map(move |j| (i, j))).map(|(i, j)| at(i, j)).collect()
}

fn module(made: Module, parameters: &Parameters, prefix: &str, x: &[f64], dim: usize) -> Vec<f64> {
    match made {
        Module::Linear => mixed(&parameters[&format!("{prefix}weight")], x, dim),
        Module::Mlp { .. } => perceptron(parameters, prefix, x),
        Module::Gram => {
            let products = gram(x, dim);
            let values = mixed(&parameters[&format!("{prefix}weight")], &products, dim);
            values
                .iter()
                .zip(&parameters[&format!("{prefix}bias")])
                .map(|(value, bias)| value + bias)
                .collect()
        }
        Module::Fm { rank, .. } => {
            let projection = &parameters[&format!("{prefix}projection")];
            let by_rank = (0..rank).map(|r| -> Vec<f64> {
                let column: Vec<f64> = projection.iter().skip(r).step_by(rank).copied().collect();
                let inner = mixed(&column, x, dim);
                x.chunks(dim).map(|token| dot(token, &inner)).collect()
            });
            let by_rank: Vec<Vec<f64>> = by_rank.collect();
            let products: Vec<f64> =
                (0..x.len() / dim).flat_map(|t| by_rank.iter().map(move |column| column[t])).collect();
            let affine = &parameters[&format!("{prefix}norm.affine")];
            let normed = normalized(&products, affine, products.len());
            perceptron(parameters, &format!("{prefix}mlp."), &normed)
        }
        Module::Attention { heads, .. } => {
            let named = |name: &str| &parameters[&format!("{prefix}{name}")];
            let encoded = attention(heads, parameters, prefix, x, dim);
            let hidden = normalized(&added(&encoded, x), named("norms.0.affine"), dim);
            let forward = |token: &[f64]| perceptron(parameters, &format!("{prefix}ff."), token);
            let fed: Vec<f64> = hidden.chunks(dim).flat_map(forward).collect();
            let encoded = normalized(&added(&fed, &hidden), named("norms.1.affine"), dim);
            mixed(named("linear.weight"), &encoded, dim)
        }
        Module::Conv { .. } => {
            let taps = &parameters[&format!("{prefix}taps")];
            let tokens = x.len() / dim;
            let made: Vec<f64> = taps.chunks(10).flat_map(|taps| convolved(taps, x, tokens, dim)).collect();
            mixed(&parameters[&format!("{prefix}linear.weight")], &made, dim)
        }
        Module::Cross { .. } => {
            let weight = |name: &str| parameters.get(&format!("{prefix}cross.{name}"));
            let times = |weight: &[f64], x: &[f64]| -> Vec<f64> {
                weight.chunks(x.len()).map(|row| dot(row, x)).collect()
            };
            let product = match weight("weight") {
                Some(weight) => times(weight, x),
                None => times(weight("u").unwrap(), &times(weight("v").unwrap(), x)),
            };
            let inner = added(&product, weight("bias").unwrap());
            let crossed: Vec<f64> = x.iter().zip(inner).map(|(x, inner)| x * inner).collect();
            perceptron(parameters, &format!("{prefix}projection."), &crossed)
        }
        Module::Dot { .. } => {
            let tokens: Vec<&[f64]> = x.chunks(dim).collect();
            let pairs = (0..tokens.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            let dots: Vec<f64> = pairs.map(|(i, j)| dot(tokens[i], tokens[j])).collect();
            perceptron(parameters, prefix, &dots)
        }
        _ => unreachable!("a module that this test does not know"),
    }
}

fn added(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// What the heads make of all tokens, joined.
fn attention(heads: usize, parameters: &Parameters, prefix: &str, x: &[f64], dim: usize) -> Vec<f64> {
    let projected: Vec<Vec<f64>> =
        x.chunks(dim).map(|token| perceptron(parameters, &format!("{prefix}qkv."), token)).collect();
    let width = dim / heads;
    let of = |token: &'_ [f64], third: usize, head: usize| -> Vec<f64> {
        token[third * dim + head * width..][..width].to_vec()
    };
    let of_token = |query: &Vec<f64>| -> Vec<f64> {
        let by_head = (0..heads).flat_map(|head| {
            let asked = of(query, 0, head);
            let scores = projected.iter().map(|key| dot(&asked, &of(key, 1, head)) / (width as f64).sqrt());
            let terms: Vec<f64> = scores.map(f64::exp).collect();
            let total: f64 = terms.iter().sum();
            let mut sum = vec![0.0; width];
            for (term, token) in terms.iter().zip(&projected) {
                sum.iter_mut().zip(of(token, 2, head)).for_each(|(sum, value)| *sum += term / total * value);
            }
            sum
        });
        perceptron(parameters, &format!("{prefix}out."), &by_head.collect::<Vec<_>>())
    };
    projected.iter().flat_map(of_token).collect()
}

/// One channel of a convolution: nine taps, row by row, and a bias.
fn convolved(taps: &[f64], x: &[f64], tokens: usize, dim: usize) -> Vec<f64> {
    let at = |token: usize, value: usize, j: usize, k: usize| -> f64 {
        let token = (token + j).checked_sub(1).filter(|&token| token < tokens);
        let value = (value + k).checked_sub(1).filter(|&value| value < dim);
        token.zip(value).map_or(0.0, |(token, value)| x[token * dim + value])
    };
    let of = |token: usize, value: usize| {
        taps[9] + (0..9).map(|tap| taps[tap] * at(token, value, tap / 3, tap % 3)).sum::<f64>()
    };
    (0..tokens * dim).map(|i| of(i / dim, i % dim)).collect()
}

fn normalized(z: &[f64], affine: &[f64], dim: usize) -> Vec<f64> {
    let (gain, bias) = affine.split_at(dim);
    let of_token = |z: &[f64]| -> Vec<f64> {
        let mean = z.iter().sum::<f64>() / dim as f64;
        let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / dim as f64;
        (0..dim).map(|d| (z[d] - mean) / (variance + 1e-5).sqrt() * gain[d] + bias[d]).collect()
    };
    z.chunks(dim).flat_map(of_token).collect()
}

/// The logit of one example.
fn logit(layers: &[Made], parameters: &Parameters, x: &[f64], dim: usize) -> f64 {
    let mut x = x.to_vec();
    for (i, layer) in layers.iter().enumerate() {
        let mut z = match parameters.get(&format!("layers.{i}.shortcut.weight")) {
            Some(weight) => mixed(weight, &x, dim),
            None => x.clone(),
        };
        // the weights of a weighted sum
        let terms = parameters.get(&format!("layers.{i}.ensemble.weights"));
        let terms: Option<Vec<f64>> = terms.map(|values| values.iter().map(|value| value.exp()).collect());
        let mut first = 0;
        for (j, &(made, tokens)) in layer.modules.iter().enumerate() {
            let values = module(made, parameters, &format!("layers.{i}.modules.{j}."), &x, dim);
            assert_eq!(values.len(), tokens * dim);
            let weight = terms.as_ref().map_or(1.0, |terms| terms[j] / terms.iter().sum::<f64>());
            z[first..].iter_mut().zip(values).for_each(|(z, value)| *z += weight * value);
            if layer.ensemble == Ensemble::Concat {
                first += tokens * dim;
            }
        }
        x = normalized(&z, &parameters[&format!("layers.{i}.norm.affine")], dim);
    }
    perceptron(parameters, "head.", &x)[0]
}

fn read(ctx: &Context, named: Vec<(String, &Matrix)>) -> Vec<(String, Vec<f64>)> {
    named.into_iter().map(|(name, matrix)| (name, wide(&matrix.to_vec(ctx).unwrap()))).collect()
}

/// Nets of every module and ensemble, with the tokens and values of their inputs.
fn nets() -> Vec<(usize, usize, Vec<Made>)> {
    vec![
        (3, 4, vec![summed(3, &[LINEAR])]),
        (4, 3, vec![summed(4, &[DOT])]),
        (3, 5, vec![summed(2, &[DEEP_DOT])]),
        (2, 8, vec![summed(3, &[MLP])]),
        (5, 4, vec![summed(5, &[DOT, LINEAR, MLP]), summed(3, &[LINEAR, DOT])]),
        (4, 6, vec![side_by_side(&[(DOT, 1), (LINEAR, 3)]), side_by_side(&[(MLP, 2), (LINEAR, 3)])]),
        (3, 4, vec![summed(3, &[Module::Gram])]),
        (3, 4, vec![weighted(3, &[DOT, LINEAR]), weighted(2, &[MLP, LINEAR, Module::Gram])]),
        (3, 4, vec![summed(3, &[ATTENTION])]),
        (5, 6, vec![summed(2, &[Module::Attention { heads: 3, ff: 4 }]), summed(2, &[ATTENTION, LINEAR])]),
        (3, 4, vec![summed(3, &[CONV])]),
        (5, 3, vec![summed(2, &[CONV]), summed(3, &[CONV, Module::Conv { channels: 1 }])]),
        (3, 4, vec![summed(2, &[CROSS])]),
        (3, 3, vec![summed(3, &[LOW_CROSS]), side_by_side(&[(CROSS, 1), (LOW_CROSS, 2)])]),
        (3, 5, vec![weighted(3, &[Module::Attention { heads: 1, ff: 3 }, CROSS])]),
        (5, 3, vec![summed(2, &[FM])]),
        (4, 8, vec![side_by_side(&[(FM, 3), (LINEAR, 2)]), summed(5, &[Module::Gram, FM])]),
        (
            6,
            8,
            vec![summed(6, &[DOT, DEEP_DOT]), side_by_side(&[(LINEAR, 2), (DOT, 2)]), summed(4, &[LINEAR])],
        ),
    ]
}

#[test]
fn nets_and_their_gradients_are_the_formulas() {
    are_the_formulas(Precision::F32, 1e-5, Some(1e-4));
}

/// Parameters are compared as they are kept; what is between the passes has 11 bits or 8. (With 8, a unit of the head
/// is on the other side of its relu in one of the nets.)
#[test]
fn nets_that_keep_sixteen_bits_are_close_to_the_formulas() {
    are_the_formulas(Precision::F16, 3e-3, Some(3e-3));
    are_the_formulas(Precision::Bf16, 2.4e-2, None);
}

fn are_the_formulas(kept: Precision, of_logits: f64, of_gradients: Option<f64>) {
    for ctx in all_devices() {
        for (tokens, dim, layers) in nets() {
            let batch = 3;
            let builder = Dhen::builder(&ctx, tokens, dim).head(&[4]).max_batch(batch + 2).seed(5);
            let builder = builder.parameter_precision(kept).activation_precision(kept);
            let net = described(builder.optimizer(SGD), &layers).build().unwrap();
            // gains and biases that are not what they begin as
            for (name, matrix) in net.parameters() {
                if name.ends_with("ensemble.weights") {
                    matrix.write(&ctx, &numbers(matrix.cols(), 8)).unwrap();
                }
                if name.ends_with("affine") {
                    let values =
                        numbers(2 * matrix.cols(), 9).iter().map(|value| value + 1.5).collect::<Vec<_>>();
                    matrix.write(&ctx, &values).unwrap();
                }
            }
            let parameters: Parameters = read(&ctx, net.parameters()).into_iter().collect();
            let (x, g) = (numbers(batch * tokens * dim, 1), numbers(batch, 2));
            let value = |x: &[f64], parameters: &Parameters| -> Vec<f64> {
                x.chunks(tokens * dim).map(|x| logit(&layers, parameters, x, dim)).collect()
            };
            let what = format!("{tokens} x {dim}, {layers:?} in {kept:?} on {ctx:?}");
            let [input, dx] =
                [&x, &vec![f32::NAN; x.len()]].map(|data| view(&ctx, data, batch, tokens * dim));
            let [logits, dlogits] = [&vec![f32::NAN; batch], &g].map(|data| view(&ctx, data, batch, 1));
            let mut rec = Recorder::new(&ctx);
            net.record_forward(&mut rec, &input, &logits).unwrap();
            net.record_backward(&mut rec, &input, &logits, &dlogits, Some(&dx)).unwrap();
            rec.run().unwrap();
            assert_close(&what, &logits.to_vec(&ctx).unwrap(), &value(&wide(&x), &parameters), of_logits);
            let Some(of_gradients) = of_gradients else { continue };
            let loss = |x: &[f64], parameters: &Parameters| dot(&value(x, parameters), &wide(&g));
            let expected = differences(&wide(&x), |x| loss(x, &parameters));
            assert_close(&what, &dx.to_vec(&ctx).unwrap(), &expected, of_gradients);
            for (name, found) in net.gradients() {
                let expected = differences(&parameters[&name], |point| {
                    let mut changed = parameters.clone();
                    changed.insert(name.clone(), point.to_vec());
                    loss(&wide(&x), &changed)
                });
                let found = found.to_vec(&ctx).unwrap();
                assert_close(&format!("{name}, {what}"), &found, &expected, of_gradients);
            }
        }
    }
}

/// A net of two layers, the second of fewer tokens.
fn small(ctx: &Context, max_batch: usize) -> Dhen {
    small_of(ctx, max_batch, Precision::F32)
}

fn small_of(ctx: &Context, max_batch: usize, kept: Precision) -> Dhen {
    let builder = Dhen::builder(ctx, 4, 8).head(&[6]).max_batch(max_batch).optimizer(ADAM).seed(3);
    let builder = builder.parameter_precision(kept).activation_precision(kept);
    described(builder, &[weighted(4, &[DOT, LINEAR]), side_by_side(&[(LINEAR, 2), (MLP, 1)])])
        .build()
        .unwrap()
}

/// The norm of a token of eight values, in the order of the kernel's sums.
fn norm_of_eight(x: &[f32; 8]) -> [f32; 8] {
    let sum = |v: [f32; 8]| ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
    let mean = sum(*x) / 8.0;
    let centred = x.map(|x| x - mean);
    let inverse = 1.0 / (sum(centred.map(|z| z * z)) / 8.0 + 1e-5).sqrt();
    centred.map(|z| z * inverse)
}

#[test]
fn modules_of_zeros_leave_the_norm_of_the_input() {
    for ctx in all_devices() {
        let net = Dhen::builder(&ctx, 3, 8)
            .layer(summed(3, &[DOT, LINEAR, MLP, FM, CROSS, ATTENTION, CONV, Module::Gram]).described())
            .max_batch(5);
        let net = net.build().unwrap();
        assert!(net.parameters().iter().all(|(name, _)| !name.contains("shortcut")));
        for (name, matrix) in net.parameters() {
            if name.contains("modules") {
                matrix.write(&ctx, &vec![0.0; matrix.rows() * matrix.cols()]).unwrap();
            }
        }
        // a head that picks a value shows the layer's output
        let x = numbers(5 * 24, 4);
        let input = Matrix::from_slice(&ctx, &x, 5, 24).unwrap();
        let logits = Matrix::zeros(&ctx, 5, 1).unwrap();
        let found: Vec<Vec<f32>> = (0..24)
            .map(|column| {
                for (name, matrix) in net.parameters() {
                    match &*name {
                        "head.0.weight" => {
                            let one: Vec<f32> = (0..24).map(|at| f32::from(u8::from(at == column))).collect();
                            matrix.write(&ctx, &one).unwrap();
                        }
                        "head.0.bias" => matrix.write(&ctx, &[0.0]).unwrap(),
                        _ => {}
                    }
                }
                let mut rec = Recorder::new(&ctx);
                net.record_forward(&mut rec, &input, &logits).unwrap();
                rec.run().unwrap();
                logits.to_vec(&ctx).unwrap()
            })
            .collect();
        // the norm of the input alone, to the bit where the device rounds as the CPU does
        for (example, x) in x.chunks(24).enumerate() {
            let expected: Vec<f32> = x.as_chunks::<8>().0.iter().flat_map(norm_of_eight).collect();
            let got: Vec<f32> = (0..24).map(|column| found[column][example]).collect();
            common::assert_agrees(&ctx, &format!("example {example} on {ctx:?}"), &got, &expected);
            let affine = [[1.0; 8], [0.0; 8]].concat();
            assert_close("the norm", &got, &normalized(&wide(x), &affine, 8), 1e-6);
        }
    }
}

/// Trains and returns all tensors.
fn trained(ctx: &Context, net: &mut Dhen, steps: std::ops::Range<u32>) -> Vec<Vec<f32>> {
    for step in steps {
        let x = Matrix::from_slice(ctx, &numbers(6 * 32, step), 6, 32).unwrap();
        let (logits, dlogits) = (Matrix::zeros(ctx, 6, 1).unwrap(), Matrix::zeros(ctx, 6, 1).unwrap());
        dlogits.write(ctx, &numbers(6, step + 100)).unwrap();
        let mut rec = Recorder::new(ctx);
        net.record_forward(&mut rec, &x, &logits).unwrap();
        net.record_backward(&mut rec, &x, &logits, &dlogits, None).unwrap();
        net.record_step(&mut rec).unwrap();
        rec.run().unwrap();
    }
    net.tensors(ctx).unwrap().into_iter().map(|tensor| tensor.values).collect()
}

#[test]
fn resumed_training_has_the_bits_of_the_longer_run() {
    for (ctx, kept) in all_devices().iter().flat_map(|ctx| [(ctx, Precision::F32), (ctx, Precision::F16)]) {
        let net = || small_of(ctx, 8, kept);
        let whole = trained(ctx, &mut net(), 0..6);
        assert_eq!(whole, trained(ctx, &mut net(), 0..6), "the same on every run");
        let mut first = net();
        trained(ctx, &mut first, 0..3);
        let mut checkpoint = Checkpoint::new();
        first.export(ctx, &mut checkpoint, "net").unwrap();
        let mut resumed = net();
        resumed.import(ctx, &checkpoint, "net").unwrap();
        assert_eq!(trained(ctx, &mut resumed, 3..6), whole);
    }
}

/// Steps of a twentieth of the distance of two neighbours, which rounding to the nearest would lose.
#[test]
fn small_steps_of_sixteen_bits_add_up() {
    let ctx = Context::cpu();
    let kept = |precision| {
        let builder = Dhen::builder(&ctx, 2, 8).max_batch(2).optimizer(Sgd::new(1e-4)).seed(3);
        let mut net = builder
            .layer(DhenLayer::new(64, Ensemble::Concat).module(LINEAR))
            .parameter_precision(precision)
            .build()
            .unwrap();
        let x = Matrix::from_slice(&ctx, &numbers(32, 1), 2, 16).unwrap();
        let logits = Matrix::zeros(&ctx, 2, 1).unwrap();
        let dlogits = Matrix::from_slice(&ctx, &[1.0, 0.5], 2, 1).unwrap();
        let weight = |net: &Dhen| net.parameters()[0].1.to_vec(&ctx).unwrap();
        let before = weight(&net);
        for _ in 0..400 {
            let mut rec = Recorder::new(&ctx);
            net.record_forward(&mut rec, &x, &logits).unwrap();
            net.record_backward(&mut rec, &x, &logits, &dlogits, None).unwrap();
            net.record_step(&mut rec).unwrap();
            rec.run().unwrap();
        }
        let moved: Vec<f64> =
            weight(&net).iter().zip(before).map(|(after, before)| f64::from(after - before)).collect();
        moved
    };
    let [whole, half] = [kept(Precision::F32), kept(Precision::F16)];
    let (along, square) = (dot(&whole, &half), dot(&whole, &whole));
    assert!((along / square - 1.0).abs() < 0.1, "moved {} of the way", along / square);
}

#[test]
fn deep_nets_stay_finite() {
    let ctx = Context::cpu();
    let builder = Dhen::builder(&ctx, 4, 8).max_batch(16).optimizer(Adagrad::new(0.05)).seed(1);
    let mut net = described(
        builder,
        &vec![summed(4, &[DOT, LINEAR, MLP, FM, CROSS, ATTENTION, CONV, Module::Gram]); 8],
    )
    .build()
    .unwrap();
    for values in trained(&ctx, &mut net, 0..1000) {
        assert!(values.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn empty_batches_have_gradients_of_zero() {
    for ctx in all_devices() {
        let mut net = small(&ctx, 8);
        trained(&ctx, &mut net, 0..1);
        let [x, dx] = [(); 2].map(|()| Matrix::zeros(&ctx, 0, 32).unwrap());
        let [logits, dlogits] = [(); 2].map(|()| Matrix::zeros(&ctx, 0, 1).unwrap());
        let mut rec = Recorder::new(&ctx);
        net.record_forward(&mut rec, &x, &logits).unwrap();
        net.record_backward(&mut rec, &x, &logits, &dlogits, Some(&dx)).unwrap();
        rec.run().unwrap();
        for (name, grad) in net.gradients() {
            assert!(grad.to_vec(&ctx).unwrap().iter().all(|&value| value == 0.0), "{name} on {ctx:?}");
        }
    }
}

#[test]
fn batches_that_are_cut_give_the_same() {
    let net = |ctx: &Context| {
        let builder = Dhen::builder(ctx, 4, 8).max_batch(90).optimizer(SGD).seed(4);
        let layers = [
            weighted(3, &[DOT, LINEAR, Module::Gram]),
            side_by_side(&[(FM, 2), (ATTENTION, 1), (CROSS, 1), (CONV, 2)]),
        ];
        described(builder, &layers).build().unwrap()
    };
    let pass = |ctx: &Context| {
        let net = net(ctx);
        let x = Matrix::from_slice(ctx, &numbers(90 * 32, 5), 90, 32).unwrap();
        let dlogits = Matrix::from_slice(ctx, &numbers(90, 6), 90, 1).unwrap();
        let [logits, dx] = [1, 32].map(|cols| Matrix::zeros(ctx, 90, cols).unwrap());
        let mut rec = Recorder::new(ctx);
        net.record_forward(&mut rec, &x, &logits).unwrap();
        net.record_backward(&mut rec, &x, &logits, &dlogits, Some(&dx)).unwrap();
        rec.run().unwrap();
        let mut all = vec![("logits".to_owned(), logits), ("dx".to_owned(), dx)];
        all.extend(net.gradients().into_iter().map(|(name, grad)| (name, grad.clone())));
        all.into_iter().map(|(name, matrix)| (name, matrix.to_vec(ctx).unwrap())).collect::<Vec<_>>()
    };
    let whole = pass(&Context::cpu());
    // a few rows of the widest matrices at a time
    let sizes = [24 << 10, 12 << 10].map(|bytes| ContextOptions::new().max_binding(bytes));
    for ctx in sizes.iter().flat_map(common::devices_with) {
        for ((name, expected), (_, got)) in whole.iter().zip(pass(&ctx)) {
            assert_close(&format!("{name} on {ctx:?}"), &got, &wide(expected), 1e-5);
        }
    }
}

#[track_caller]
fn assert_says(result: Result<impl std::fmt::Debug>, parts: &[&str]) {
    let message = result.expect_err("it is refused").to_string();
    assert!(parts.iter().all(|part| message.contains(part)), "{parts:?} in: {message}");
}

#[test]
fn nets_that_cannot_be_are_refused() {
    let ctx = Context::cpu();
    let builder = |tokens, dim| Dhen::builder(&ctx, tokens, dim).max_batch(4);
    let layer = |layer: DhenLayer| builder(4, 8).layer(layer).build();
    assert_says(builder(4, 8).build(), &["layers", "at least one", "none"]);
    assert_says(builder(0, 8).layer(summed(2, &[LINEAR]).described()).build(), &["tokens", "0"]);
    assert_says(builder(4, 0).layer(summed(2, &[LINEAR]).described()).build(), &["dim", "0"]);
    assert_says(layer(DhenLayer::new(4, Ensemble::Sum)), &["modules", "none"]);
    assert_says(layer(DhenLayer::new(0, Ensemble::Sum).module(LINEAR)), &["tokens", "0"]);
    assert_says(layer(DhenLayer::new(4, Ensemble::Sum).module_of(3, LINEAR)), &["4 tokens", "[3]"]);
    let shared = DhenLayer::new(3, Ensemble::Concat).module(LINEAR).module(DOT);
    assert_says(layer(shared), &["tokens", "a multiple of 2", "3"]);
    let shared = DhenLayer::new(4, Ensemble::Concat).module_of(3, LINEAR).module(DOT);
    assert_says(layer(shared), &["4 together", "[3]"]);
    let shared = DhenLayer::new(4, Ensemble::Concat).module_of(4, LINEAR).module_of(0, DOT);
    assert_says(layer(shared), &["at least one token", "[4, 0]"]);
    assert_says(builder(1, 8).layer(summed(1, &[DOT]).described()).build(), &["tokens", "two", "1"]);
    assert_says(layer(DhenLayer::wukong(2, 2, 0)), &["rank", "at least one", "0"]);
    for (heads, got) in [(0, "0"), (3, "3")] {
        let layer = layer(summed(4, &[Module::Attention { heads, ff: 4 }]).described());
        assert_says(layer, &["heads", "a divisor of dim, 8", got]);
    }
    assert_says(layer(summed(4, &[Module::Cross { rank: Some(0) }]).described()), &["cross layer", "rank"]);
    assert_says(
        layer(summed(4, &[Module::Conv { channels: 0 }]).described()),
        &["channels", "at least one", "0"],
    );
    let no_hidden = summed(4, &[Module::Mlp { hidden: 0 }]).described();
    assert_says(layer(no_hidden), &["linear layer", "0 outputs"]);
}

#[test]
fn inputs_that_do_not_fit_record_nothing() {
    let ctx = Context::cpu();
    let net = small(&ctx, 4);
    let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    let mut rec = Recorder::new(&ctx);
    assert_says(net.record_forward(&mut rec, &zeros(2, 31), &zeros(2, 1)), &["x", "2 x 32", "2 x 31"]);
    assert_says(net.record_forward(&mut rec, &zeros(2, 32), &zeros(2, 2)), &["logits", "2 x 1"]);
    assert_says(net.record_forward(&mut rec, &zeros(5, 32), &zeros(5, 1)), &["x", "at most 4 rows", "5"]);
    let backward =
        net.record_backward(&mut rec, &zeros(2, 32), &zeros(2, 1), &zeros(2, 1), Some(&zeros(2, 8)));
    assert_says(backward, &["dx", "2 x 32"]);
    let backward = net.record_backward(&mut rec, &zeros(2, 32), &zeros(2, 1), &zeros(3, 1), None);
    assert_says(backward, &["dy", "2 x 1"]);
    let before = ctx.counters();
    rec.run().unwrap();
    assert_eq!(ctx.counters().dispatches, before.dispatches);
}

#[test]
fn checkpoints_of_other_nets_are_refused() {
    let ctx = Context::cpu();
    let mut checkpoint = Checkpoint::new();
    small(&ctx, 4).export(&ctx, &mut checkpoint, "net").unwrap();
    let other = |layers: &[Made]| {
        let builder = Dhen::builder(&ctx, 4, 8).head(&[6]).max_batch(4).optimizer(ADAM);
        described(builder, layers).build().unwrap().check_import(&checkpoint, "net")
    };
    let (first, second) = (weighted(4, &[DOT, LINEAR]), side_by_side(&[(LINEAR, 2), (MLP, 1)]));
    other(&[first.clone(), second.clone()]).unwrap();
    assert_says(other(std::slice::from_ref(&first)), &["layers of \"net\"", "expected 1", "got 2"]);
    let wrong = [summed(4, &[DOT, LINEAR]), second.clone()];
    assert_says(other(&wrong), &["layer 0 of \"net\"", "expected 4 tokens, Sum of", "WeightedSum of"]);
    let wrong = [weighted(4, &[LINEAR, DOT]), second];
    assert_says(other(&wrong), &["layer 0 of \"net\"", "Linear and Dot", "and Linear"]);
    let wrong = other(&[first, side_by_side(&[(LINEAR, 1), (MLP, 2)])]);
    assert!(matches!(wrong, Err(Error::Checkpoint { .. })));
    assert_says(wrong, &["layer 1 of \"net\"", "Linear of 1", "Linear of 2"]);
}
