//! A made-up task whose answer is a product of three values.

mod nets;
mod planted;
mod report;
mod training;

use std::io::{self, Write};
use std::time::Instant;

use embag::Context;

use crate::RunError;
use crate::args::Args;
use crate::plot::{self, Curve, Picture};
use nets::{NETS, Net};
use report::{Row, Summary, judge};
use training::train;

const TRAIN: usize = 60_000;
const TEST: usize = 20_000;
const SEEDS: u64 = 3;

/// Whether all criteria hold.
pub fn run(args: &Args) -> Result<bool, RunError> {
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let start = Instant::now();
    let (examples, seeds) = if args.quick { (TRAIN / 5, 1) } else { (TRAIN, SEEDS) };
    let mut nets = Vec::new();
    for net in NETS {
        nets.push(mean(&ctx, net, examples, seeds)?);
        eprintln!("{:>6.1} s  {}", start.elapsed().as_secs_f64(), net.name);
    }
    let criteria = if args.quick { Vec::new() } else { judge(&nets) };
    let summary = Summary {
        device: ctx.device_name(),
        driver: ctx.driver(),
        seconds: start.elapsed().as_secs_f64(),
        train_examples: examples,
        test_examples: TEST,
        seeds,
        passed: criteria.iter().all(|criterion| criterion.holds),
        nets,
        criteria,
    };
    let mut out = io::stdout().lock();
    summary.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        let points = |row: &Row| row.ne.iter().enumerate().map(|(i, &ne)| ((i + 1) as f64, ne)).collect();
        let curves = summary.nets.iter().map(|row| Curve { name: row.net, points: points(row) });
        let title = "A product of three values, found by stacked interactions";
        plot::write(path, &Picture { title, x_label: "epoch", log: false, curves: curves.collect() })?;
    }
    if args.json {
        summary.write_json(&mut out)?;
    }
    Ok(summary.passed)
}

/// A net, trained with each seed.
fn mean(ctx: &Context, net: Net, examples: usize, seeds: u64) -> Result<Row, RunError> {
    let mut row = Row { net: net.name, parameters: 0, ne: Vec::new() };
    for seed in 1..=seeds {
        let (of_train, of_test) = planted::draw(seed, examples, TEST);
        let mut built = net.build(ctx, seed)?;
        let values = |(_, matrix): &(String, &embag::Matrix)| matrix.rows() * matrix.cols();
        row.parameters = built.parameters().iter().map(values).sum();
        let entropies = train(ctx, &mut built, &of_train, &of_test, seed)?;
        row.ne.resize(entropies.len(), 0.0);
        row.ne.iter_mut().zip(entropies).for_each(|(mean, ne)| *mean += ne / seeds as f64);
    }
    Ok(row)
}
