//! Forward, backward and update of embeddings alone, by embag without burn, by embag in burn, and by burn's
//! own parts: 8 tables, 2,048 examples of 20 ids each, plain SGD.
//!
//! ```text
//! cargo run --release --example embedding_step -- --layer embag
//! ```
//!
//! Prints one line of JSON: the median, least and most milliseconds of a step, the most memory the process
//! had, and a sum of the first rows of a table after all steps, which should be the same for all three.

#[path = "common/peak.rs"]
mod peak;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use clap::{Parser, ValueEnum};
use embag::optim::Sgd;
use embag::{Context, Matrix, Pooling, Recorder, Table};
use embag_burn::EmbeddingBags;

use crate::peak::peak_bytes;

const TABLES: usize = 8;
const EXAMPLES: usize = 2_048;
const IDS: usize = 20;
const RATE: f32 = 0.05;
/// Steps before the first that is measured.
const WARM_UP: usize = 3;

#[derive(Parser)]
struct Args {
    /// Whose embeddings
    #[arg(long, value_enum, default_value = "embag")]
    layer: Layer,
    /// What to run on
    #[arg(long, value_enum, default_value = "gpu")]
    device: On,
    /// Rows of each table
    #[arg(long, default_value_t = 200_000)]
    rows: usize,
    /// Columns of each table
    #[arg(long, default_value_t = 64)]
    dim: usize,
    /// Steps that are measured
    #[arg(long, default_value_t = 9)]
    steps: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Debug)]
enum Layer {
    /// embag's bags without burn
    Alone,
    /// embag's bags in burn
    Embag,
    /// nn::Embedding, sum_dim and Sgd
    Burn,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum On {
    /// burn's wgpu device
    Gpu,
    /// burn's Flex, and embag's CPU context
    Cpu,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ids of a table, of which few are frequent.
fn ids(table: usize, rows: usize) -> Vec<u32> {
    let mut state = table as u64 + 1;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..EXAMPLES * IDS).map(|_| ((rows as f64).powf(uniform()) - 1.0) as u32).collect()
}

/// First rows, and the gradient of outputs.
fn number(k: usize) -> f32 {
    (k.wrapping_mul(2_654_435_761) >> 8 & 0xFFFF) as f32 / 65_536.0 - 0.5
}

/// The gradient of outputs.
fn gradient(cols: usize) -> Vec<f32> {
    (0..EXAMPLES * cols).map(|k| number(k + 77) / 64.0).collect()
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let (device, ctx) = match args.device {
        On::Gpu => embag_burn::init(Device::wgpu_options())?,
        On::Cpu => (Device::flex(), Context::cpu()),
    };
    let device = device.autodiff();
    let (times, sum) = match args.layer {
        Layer::Alone => alone(args, &ctx)?,
        Layer::Embag => embag_in_burn(args, &device, &ctx)?,
        Layer::Burn => burn_alone(args, &device)?,
    };
    let mut sorted = times[WARM_UP..].to_vec();
    sorted.sort_by(f64::total_cmp);
    println!(
        "{}",
        serde_json::json!({
            "layer": format!("{:?}", args.layer).to_lowercase(),
            "device": ctx.device_name(),
            "median_ms": sorted[sorted.len() / 2],
            "min_ms": sorted[0],
            "max_ms": sorted[sorted.len() - 1],
            "peak_bytes": peak_bytes(),
            "sum": sum,
        })
    );
    Ok(())
}

fn bags(args: &Args, ctx: &Context) -> embag::Result<embag::EmbeddingBags> {
    let mut builder = embag::EmbeddingBags::builder(ctx).optimizer(Sgd::new(RATE));
    let names: Vec<String> = (0..TABLES).map(|t| t.to_string()).collect();
    for name in &names {
        builder = builder.table(name, Table::rows(args.rows).dim(args.dim)).feature(name, name, Pooling::Sum);
    }
    let mut bags = builder.build()?;
    let rows: Vec<f32> = (0..args.rows * args.dim).map(number).collect();
    names.iter().try_for_each(|name| bags.upload(name, &rows))?;
    Ok(bags)
}

/// Of the first rows of the first table.
fn sum_of(bags: &embag::EmbeddingBags) -> embag::Result<f64> {
    let rows = (0..16).map(|row| bags.read_row("0", row)).collect::<embag::Result<Vec<_>>>()?;
    Ok(rows.iter().flatten().map(|&value| f64::from(value)).sum())
}

/// Milliseconds of each step.
fn timed(
    args: &Args,
    mut step: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..WARM_UP + args.steps.max(1) {
        let start = Instant::now();
        step()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

type Measured = (Vec<f64>, f64);

fn batch(args: &Args, bags: &embag::EmbeddingBags) -> embag::Result<embag::JaggedBatch> {
    let ids: Vec<u32> = (0..TABLES).flat_map(|table| ids(table, args.rows)).collect();
    bags.batch_from_lengths(&ids, &[IDS as u32; TABLES * EXAMPLES], None)
}

fn alone(args: &Args, ctx: &Context) -> Result<Measured, Box<dyn Error>> {
    let mut bags = bags(args, ctx)?;
    let batch = batch(args, &bags)?;
    let cols = bags.output_cols();
    let out = Matrix::zeros(ctx, EXAMPLES, cols)?;
    let grad = Matrix::from_slice(ctx, &gradient(cols), EXAMPLES, cols)?;
    let times = timed(args, || {
        let mut rec = Recorder::new(ctx);
        bags.record_forward(&mut rec, &batch, &out)?;
        bags.record_backward(&mut rec, &batch, &grad)?;
        Ok(rec.run()?)
    })?;
    Ok((times, sum_of(&bags)?))
}

fn embag_in_burn(args: &Args, device: &Device, ctx: &Context) -> Result<Measured, Box<dyn Error>> {
    let bags = bags(args, ctx)?;
    let (batch, cols) = (batch(args, &bags)?, bags.output_cols());
    let layer = EmbeddingBags::new(bags, device)?;
    let factors = Tensor::<2>::from_data(TensorData::new(gradient(cols), [EXAMPLES, cols]), device);
    let times = timed(args, || {
        let loss = (layer.forward(&batch)? * factors.clone()).sum();
        drop(loss.backward());
        layer.step(RATE.into())?;
        Ok(layer.wait()?)
    })?;
    Ok((times, layer.with(|bags| sum_of(bags))?))
}

#[derive(Module, Debug)]
struct OfBurn {
    tables: Vec<Embedding>,
}

fn burn_alone(args: &Args, device: &Device) -> Result<Measured, Box<dyn Error>> {
    let rows: Vec<f32> = (0..args.rows * args.dim).map(number).collect();
    let table = |_| {
        let mut table = EmbeddingConfig::new(args.rows, args.dim).init(device);
        table.weight = Param::from_data(TensorData::new(rows.clone(), [args.rows, args.dim]), device);
        table
    };
    let mut model = OfBurn { tables: (0..TABLES).map(table).collect() };
    drop(rows);
    let ids = (0..TABLES).map(|table| {
        let ids: Vec<i32> = ids(table, args.rows).into_iter().map(|id| id as i32).collect();
        Tensor::<2, Int>::from_data(TensorData::new(ids, [EXAMPLES, IDS]), (device, DType::I32))
    });
    let ids: Vec<_> = ids.collect();
    let cols = TABLES * args.dim;
    let factors = Tensor::<2>::from_data(TensorData::new(gradient(cols), [EXAMPLES, cols]), device);
    let mut optimizer = SgdConfig::new().init();
    let mut taken = Some(model);
    let times = timed(args, || {
        let model = taken.take().ok_or("a step failed")?;
        let pooled = model.tables.iter().zip(&ids);
        let pooled = pooled.map(|(table, ids)| table.forward(ids.clone()).sum_dim(1).squeeze_dim::<2>(1));
        let loss = (Tensor::cat(pooled.collect(), 1) * factors.clone()).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        taken = Some(optimizer.step(f64::from(RATE), model, gradients));
        device.sync().map_err(|error| format!("{error:?}"))?;
        Ok(())
    })?;
    model = taken.ok_or("a step failed")?;
    let first = model.tables[0].weight.val().inner().narrow(0, 0, 16).into_data().convert::<f32>();
    let first: Vec<f32> = first.try_to_vec().map_err(|error| format!("{error:?}"))?;
    Ok((times, first.iter().map(|&value| f64::from(value)).sum()))
}
