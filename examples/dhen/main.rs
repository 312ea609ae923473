//! Stacked interactions (DHEN; Zhang et al., "DHEN: a deep and hierarchical ensemble network for large-scale
//! click-through rate prediction", 2022) on a made-up task whose log odds are a product of three values: two layers
//! of dot products and mixtures find it, one layer with more parameters does not. `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `planted.rs` | the made-up task |
//! | `nets.rs`, `training.rs` | the nets, and one training |
//! | `report.rs`, `plot.rs` | what is claimed, printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/device.rs"]
mod device;
mod nets;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod planted;
mod plot;
#[path = "../common/data/random.rs"]
#[allow(dead_code, reason = "another example's generator, of which not all is needed")]
mod random;
mod report;
mod training;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use embag::Context;

use crate::args::Args;
use crate::nets::{NETS, Net};
use crate::picture::PlotError;
use crate::report::{Row, Summary, judge};
use crate::training::train;

const TRAIN: usize = 60_000;
const TEST: usize = 20_000;
const SEEDS: u64 = 3;

/// Whatever ends a run before its report.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all criteria hold.
fn run(args: &Args) -> Result<bool, RunError> {
    if let Some(path) = &args.plot {
        plot::check(path)?;
    }
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
        plot::write(path, &summary.nets)?;
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
