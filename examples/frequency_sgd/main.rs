//! Frequency-aware SGD (Li et al., "Frequency-aware SGD for efficient embedding learning with provable
//! benefits", ICLR 2022) against SGD and row-wise Adagrad, on a logistic matrix factorisation of made-up
//! clicks: rare tokens learn faster if their rates are higher, at the cost of one counter a row. `--help`
//! lists the arguments.
//!
//! Every method is tuned over a grid of rates, for short and for long trainings; the criteria of
//! `criteria.rs` are checked, and the exit code is 1 if one fails. `docs/frequency_sgd.md` has the results.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `problem.rs` | the made-up clicks: distributions, constants, order of draws |
//! | `method.rs` | the optimizers, and what their rates mean |
//! | `model.rs` | the model, and one training |
//! | `search.rs` | the best rate of each method |
//! | `criteria.rs` | what is claimed, and whether it holds |
//! | `report.rs`, `plot.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
mod criteria;
#[path = "../common/device.rs"]
mod device;
mod method;
mod model;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod problem;
#[path = "../common/data/random.rs"]
#[allow(dead_code, reason = "another example's generator, of which not all is needed")]
mod random;
mod report;
mod search;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::args::Args;
use crate::picture::PlotError;
use crate::problem::SEEDS;
use crate::report::Summary;
use crate::search::{UNIFORM, ZIPF, search};

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
    let (start, horizons) = (Instant::now(), args.horizons());
    let mut tell = |line: String| eprintln!("{:>6.1} s  {line}", start.elapsed().as_secs_f64());
    let mut results = Vec::new();
    for setting in [&ZIPF, &UNIFORM] {
        results.extend(search(&ctx, setting, &horizons, args.grid, &mut tell)?);
    }
    let criteria = criteria::judge(&results, &horizons);
    let summary = Summary {
        device: ctx.device_name(),
        driver: ctx.driver(),
        seeds: SEEDS.to_vec(),
        grid: args.grid,
        seconds: start.elapsed().as_secs_f64(),
        results: results.iter().map(Into::into).collect(),
        passed: criteria.iter().all(|criterion| criterion.holds),
        criteria,
    };
    let mut out = io::stdout().lock();
    summary.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        plot::write(path, &results, &horizons)?;
    }
    if args.json {
        summary.write_json(&mut out)?;
    }
    Ok(summary.passed)
}
