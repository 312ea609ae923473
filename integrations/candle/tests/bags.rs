//! The bags in candle's graph, beside the same calls of embag alone and the same model of candle's own parts.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::Optimizer as _;
use embag::optim::Sgd;
use embag::{Context, Matrix, Pooling, Table};
use embag_candle::EmbeddingBags;

const ROWS: usize = 40;
const DIM: usize = 6;
const EXAMPLES: usize = 8;
/// Ids of a bag, some of which are the same.
const IDS: usize = 5;
const STEPS: usize = 20;
const RATE: f64 = 0.1;

fn number(k: usize) -> f32 {
    ((k * 2_654_435_761) % 1_000) as f32 / 1_000.0 - 0.5
}

fn numbers(first: usize, count: usize) -> Vec<f32> {
    (first..first + count).map(number).collect()
}

fn ids(step: usize) -> Vec<u32> {
    (0..EXAMPLES * IDS).map(|k| u32::try_from((k * k + 7 * step) % ROWS).unwrap()).collect()
}

fn tables() -> embag::EmbeddingBags {
    let mut bags = embag::EmbeddingBags::builder(&Context::cpu())
        .table("t", Table::rows(ROWS).dim(DIM))
        .feature("f", "t", Pooling::Sum)
        .optimizer(Sgd::default())
        .build()
        .unwrap();
    bags.upload("t", &numbers(0, ROWS * DIM)).unwrap();
    bags
}

fn batch(bags: &EmbeddingBags, step: usize) -> embag::JaggedBatch {
    bags.batches().batch().bags("f", &ids(step), &[5; EXAMPLES]).build().unwrap()
}

/// What is compared after every step.
#[derive(Default)]
struct Run {
    losses: Vec<f32>,
    tables: Vec<Vec<f32>>,
    weight_gradients: Vec<Vec<f32>>,
}

fn loss(top: &Var, pooled: &Tensor) -> Result<Tensor> {
    let target = Tensor::from_vec(numbers(9_000, EXAMPLES), (EXAMPLES, 1), &Device::Cpu)?;
    (pooled.matmul(top)? - target)?.sqr()?.mean_all()
}

fn top() -> Result<Var> {
    Var::from_vec(numbers(5_000, DIM), (DIM, 1), &Device::Cpu)
}

fn weights() -> Result<Var> {
    Var::from_vec(numbers(7_000, EXAMPLES * IDS), EXAMPLES * IDS, &Device::Cpu)
}

fn run_of_candle() -> Result<Run> {
    let table = Var::from_vec(numbers(0, ROWS * DIM), (ROWS, DIM), &Device::Cpu)?;
    let (top, weights) = (top()?, weights()?);
    let mut optimizer = candle_nn::SGD::new(vec![table.clone(), top.clone(), weights.clone()], RATE)?;
    let mut run = Run::default();
    for step in 0..STEPS {
        let ids = Tensor::new(ids(step), &Device::Cpu)?;
        let rows = table.index_select(&ids, 0)?.reshape((EXAMPLES, IDS, DIM))?;
        let pooled = rows.broadcast_mul(&weights.reshape((EXAMPLES, IDS, 1))?)?.sum(1)?;
        let loss = loss(&top, &pooled)?;
        run.losses.push(loss.to_scalar()?);
        let gradients = loss.backward()?;
        run.weight_gradients.push(gradients.get(&weights).unwrap().to_vec1()?);
        optimizer.step(&gradients)?;
        run.tables.push(table.flatten_all()?.to_vec1()?);
    }
    Ok(run)
}

fn run_of_embag(rate: f64) -> Result<Run> {
    let bags = EmbeddingBags::new(tables())?;
    let (top, weights) = (top()?, weights()?);
    let mut optimizer = candle_nn::SGD::new(vec![top.clone(), weights.clone()], RATE)?;
    let mut run = Run::default();
    for step in 0..STEPS {
        // weights that are computed
        let doubled = (weights.as_tensor() * 2.0)?;
        let pooled = bags.forward_weighted(&batch(&bags, step), &(doubled / 2.0)?)?;
        let loss = loss(&top, &pooled)?;
        run.losses.push(loss.to_scalar()?);
        let gradients = loss.backward()?;
        run.weight_gradients.push(gradients.get(&weights).unwrap().to_vec1()?);
        bags.step(rate)?;
        optimizer.step(&gradients)?;
        run.tables.push(bags.with(|bags| bags.download("t")).unwrap());
    }
    Ok(run)
}

/// The largest difference, over the largest value.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().map(|value| value.abs()).fold(0.0, f32::max);
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

fn differences(a: &Run, b: &Run) -> f32 {
    let of =
        |a: &[Vec<f32>], b: &[Vec<f32>]| a.iter().zip(b).map(|(a, b)| difference(a, b)).fold(0.0, f32::max);
    difference(&a.losses, &b.losses)
        .max(of(&a.tables, &b.tables))
        .max(of(&a.weight_gradients, &b.weight_gradients))
}

#[test]
fn losses_tables_and_gradients_are_those_of_candles_own_parts() -> Result<()> {
    let candle = run_of_candle()?;
    assert!(candle.losses[STEPS - 1] < candle.losses[0], "{:?}", candle.losses);
    let found = differences(&candle, &run_of_embag(RATE)?);
    assert!(found < 1e-5, "{found}");
    // another rate is not taken for the same
    let found = differences(&candle, &run_of_embag(RATE * 1.001)?);
    assert!(found > 1e-5, "{found}");
    Ok(())
}

#[test]
fn a_step_gives_the_bits_of_embag_alone() -> Result<()> {
    let (bags, mut alone) = (EmbeddingBags::new(tables())?, tables());
    let factors = numbers(3_000, EXAMPLES * DIM);
    let ctx = alone.context().clone();
    let pooled = bags.forward(&batch(&bags, 1))?;
    let own = alone.batch().bags("f", &ids(1), &[5; EXAMPLES]).build().unwrap();
    assert_eq!(pooled.flatten_all()?.to_vec1::<f32>()?, alone.forward(&own).unwrap().to_vec(&ctx).unwrap());
    // gradients of halves, that are a part of something larger
    let wide = Tensor::cat(&[&pooled, &pooled], 1)?.narrow(1, 0, DIM)?.to_dtype(DType::BF16)?;
    let factor = Tensor::from_slice(&factors, (EXAMPLES, DIM), &Device::Cpu)?.to_dtype(DType::BF16)?;
    (wide * &factor)?.sum_all()?.backward()?;
    bags.step(RATE)?;
    let rounded = factor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    let grad = Matrix::from_slice(&ctx, &rounded, EXAMPLES, DIM).unwrap();
    alone.set_lr(0.1).unwrap();
    alone.backward(&own, &grad).unwrap();
    assert_eq!(bags.with(|bags| bags.download("t")).unwrap(), alone.download("t").unwrap());
    Ok(())
}

#[test]
fn gradients_wait_add_up_and_are_dropped() -> Result<()> {
    let bags = EmbeddingBags::new(tables())?;
    let before = bags.with(|bags| bags.download("t")).unwrap();
    bags.forward(&batch(&bags, 0))?.sum_all()?.backward()?;
    let error = bags.forward(&batch(&bags, 0)).unwrap_err().to_string();
    assert!(error.starts_with("forward: expected fewer than 1 gradients that wait"), "{error}");
    bags.forward_t(&batch(&bags, 0), false)?;
    bags.discard();
    bags.step(RATE)?;
    assert_eq!(bags.with(|bags| bags.download("t")).unwrap(), before);

    let bags = bags.accumulate(2);
    for step in 0..2 {
        bags.forward(&batch(&bags, step))?.sum_all()?.backward()?;
    }
    bags.step(RATE)?;
    let alone = EmbeddingBags::new(tables())?;
    let both = [ids(0), ids(1)].concat();
    let union = alone.batches().batch().bags("f", &both, &[5; 2 * EXAMPLES]).build().unwrap();
    alone.forward(&union)?.sum_all()?.backward()?;
    alone.step(RATE)?;
    let [found, expected] = [bags, alone].map(|bags| bags.with(|bags| bags.download("t")).unwrap());
    assert!(difference(&expected, &found) < 1e-6);
    Ok(())
}

#[test]
fn wrong_arguments_are_errors() -> Result<()> {
    let bags = EmbeddingBags::new(tables())?.accumulate(2);
    let other = EmbeddingBags::new(tables())?;
    let error = bags.forward(&batch(&other, 0)).unwrap_err().to_string();
    assert!(error.contains("batch: expected one that was built for these bags"), "{error}");
    let few = Tensor::ones(3, DType::F32, &Device::Cpu)?;
    let error = bags.forward_weighted(&batch(&bags, 0), &few).unwrap_err().to_string();
    assert!(error.contains("weights: expected 40 values, one for each id, got 3"), "{error}");

    let weights = weights()?;
    let first = bags.forward_weighted(&batch(&bags, 0), &weights)?;
    let second = bags.forward_weighted(&batch(&bags, 0), &weights)?;
    first.sum_all()?.backward()?;
    bags.step(RATE)?;
    let error = second.sum_all()?.backward().unwrap_err().to_string();
    assert!(error.contains("the rows of step 0") && error.contains("those of step 1"), "{error}");
    assert!(bags.step(f64::NAN).is_ok(), "nothing waits");
    if let Ok(ctx) = Context::open() {
        let gpu = embag::EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(4).dim(2))
            .feature("f", "t", Pooling::Sum)
            .build()
            .unwrap();
        let error = EmbeddingBags::new(gpu).unwrap_err().to_string();
        assert!(error.contains("bags: expected tables of a CPU context"), "{error}");
    }
    Ok(())
}
