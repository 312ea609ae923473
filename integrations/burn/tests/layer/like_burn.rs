//! A small model with embag's bags, beside the same model of burn's own parts.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::optim::{AdaGradConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use embag::optim::{Adagrad, Optimizer, Sgd};
use embag::{Context, Pooling, Table};
use embag_burn::EmbeddingBags;

use crate::common::{bits, opened, vector};

const ROWS: usize = 40;
const DIM: usize = 6;
const EXAMPLES: usize = 8;
/// Ids of a bag, some of which are the same.
const IDS: usize = 5;
const STEPS: usize = 20;
const RATE: f64 = 0.1;
/// Of the largest value.
const TOLERANCE: f32 = 1e-5;

/// Of burn's parts: a lookup, products with weights, a sum.
#[derive(Module, Debug)]
struct OfBurn {
    table: Embedding,
    top: Linear,
    weights: Param<Tensor<1>>,
}

#[derive(Module, Debug)]
struct OfEmbag {
    bags: EmbeddingBags,
    top: Linear,
    weights: Param<Tensor<1>>,
}

fn number(k: usize) -> f32 {
    ((k * 2_654_435_761) % 1_000) as f32 / 1_000.0 - 0.5
}

fn ids(step: usize) -> Vec<u32> {
    // squares: repeated within a bag and between bags
    (0..EXAMPLES * IDS).map(|k| ((k * k + 7 * step) % ROWS) as u32).collect()
}

fn tensor<const D: usize>(first: usize, shape: [usize; D], device: &Device) -> Tensor<D> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|k| number(first + k)).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn top(device: &Device) -> Linear {
    let mut top = LinearConfig::new(DIM, 1).init(device);
    top.weight = Param::from_tensor(tensor(5_000, [DIM, 1], device));
    top.bias = Some(Param::from_tensor(tensor(6_000, [1], device)));
    top
}

fn loss(top: &Linear, pooled: Tensor<2>, device: &Device) -> Tensor<1> {
    let target = tensor(9_000, [EXAMPLES, 1], device);
    (top.forward(pooled) - target).powi_scalar(2).mean()
}

fn optimizer(adagrad: bool) -> ModuleOptimizer {
    match adagrad {
        true => AdaGradConfig::new().with_epsilon(1e-5).init(),
        false => SgdConfig::new().init(),
    }
}

/// What is compared after every step.
#[derive(Debug, Default)]
struct Run {
    losses: Vec<f32>,
    tables: Vec<Vec<f32>>,
    dense: Vec<Vec<f32>>,
    weight_gradients: Vec<Vec<f32>>,
}

fn run_of_burn(adagrad: bool, device: &Device) -> Run {
    let mut table = EmbeddingConfig::new(ROWS, DIM).init(device);
    table.weight = Param::from_tensor(tensor(0, [ROWS, DIM], device));
    let weights = Param::from_tensor(tensor(7_000, [EXAMPLES * IDS], device));
    let mut model = OfBurn { table, top: top(device), weights };
    let mut optimizer = optimizer(adagrad);
    let mut run = Run::default();
    for step in 0..STEPS {
        let ids: Vec<i32> = ids(step).into_iter().map(|id| id as i32).collect();
        let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [EXAMPLES, IDS]), (device, DType::I32));
        let rows = model.table.forward(ids);
        let weights = model.weights.val().reshape([EXAMPLES, IDS, 1]);
        let pooled = (rows * weights).sum_dim(1).reshape([EXAMPLES, DIM]);
        let loss = loss(&model.top, pooled, device);
        run.losses.push(loss.clone().into_scalar());
        let gradients = loss.backward();
        run.weight_gradients.push(vector(model.weights.val().grad(&gradients).unwrap()));
        let gradients = GradientsParams::from_grads(gradients, &model);
        model = optimizer.step(RATE, model, gradients);
        run.tables.push(bits(model.table.weight.val().inner()));
        run.dense.push(bits(model.top.weight.val().inner()));
    }
    run
}

fn run_of_embag(adagrad: bool, rate: f64, device: &Device, ctx: &Context) -> Run {
    let rule: Optimizer = match adagrad {
        true => Adagrad { eps: 1e-5, ..Default::default() }.into(),
        false => Sgd::default().into(),
    };
    let mut bags = embag::EmbeddingBags::builder(ctx)
        .table("t", Table::rows(ROWS).dim(DIM))
        .feature("f", "t", Pooling::Sum)
        .optimizer(rule)
        .build()
        .unwrap();
    bags.upload("t", &(0..ROWS * DIM).map(number).collect::<Vec<f32>>()).unwrap();
    let weights = Param::from_tensor(tensor(7_000, [EXAMPLES * IDS], device));
    let bags = EmbeddingBags::new(bags, device).unwrap();
    let mut model = OfEmbag { bags, top: top(device), weights };
    let mut optimizer = optimizer(adagrad);
    let mut run = Run::default();
    for step in 0..STEPS {
        let batch =
            model.bags.batches().batch().bags("f", &ids(step), &[IDS as u32; EXAMPLES]).build().unwrap();
        let pooled = model.bags.forward_weighted(&batch, model.weights.val()).unwrap();
        let loss = loss(&model.top, pooled, device);
        run.losses.push(loss.clone().into_scalar());
        let gradients = loss.backward();
        run.weight_gradients.push(vector(model.weights.val().grad(&gradients).unwrap()));
        let gradients = GradientsParams::from_grads(gradients, &model);
        model.bags.step(rate).unwrap();
        model = optimizer.step(RATE, model, gradients);
        run.tables.push(model.bags.with(|bags| bags.download("t")).unwrap());
        run.dense.push(bits(model.top.weight.val().inner()));
    }
    run
}

/// The largest difference, over the largest value.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let largest = a.iter().map(|value| value.abs()).fold(0.0, f32::max);
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert_eq!(a.len(), b.len());
    apart / largest
}

fn differences(a: &Run, b: &Run) -> f32 {
    let of =
        |a: &[Vec<f32>], b: &[Vec<f32>]| a.iter().zip(b).map(|(a, b)| difference(a, b)).fold(0.0, f32::max);
    difference(&a.losses, &b.losses)
        .max(of(&a.tables, &b.tables))
        .max(of(&a.dense, &b.dense))
        .max(of(&a.weight_gradients, &b.weight_gradients))
}

#[test]
fn losses_tables_and_gradients_are_those_of_burns_own_parts() {
    let (device, ctx) = opened();
    for (device, ctx) in [(device.autodiff(), ctx), (Device::flex().autodiff(), Context::cpu())] {
        for adagrad in [false, true] {
            let burn = run_of_burn(adagrad, &device);
            assert!(burn.losses[STEPS - 1] < burn.losses[0], "{:?}", burn.losses);
            let found = differences(&burn, &run_of_embag(adagrad, RATE, &device, &ctx));
            assert!(found < TOLERANCE, "adagrad {adagrad}, {device:?}: {found}");
            // another rate is not taken for the same
            let found = differences(&burn, &run_of_embag(adagrad, RATE * 1.001, &device, &ctx));
            assert!(found > TOLERANCE, "adagrad {adagrad}, {device:?}: {found}");
        }
    }
}
