//! Chunked tables (FIITED, Luo et al. 2024, arXiv 2401.04408) on made-up clicks: a factorisation machine of
//! which most chunks are pruned while it is trained, against full tables, whole rows, random chunks and
//! narrow vectors of the same bytes. `--help` lists the arguments.
//!
//! The criteria of `criteria.rs` are checked, and the exit code is 1 if one fails. `docs/chunked_ctr.md` has
//! the results.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `problem.rs` | the made-up clicks: distributions, constants, order of draws |
//! | `method.rs` | what is compared |
//! | `model.rs` | the model |
//! | `training.rs` | one training: its schedule, and what it comes to |
//! | `drift.rs` | ids whose frequencies change in mid-stream |
//! | `compare.rs` | all trainings, and the medians over the seeds |
//! | `criteria.rs` | what is claimed, and whether it holds |
//! | `report.rs`, `progress.rs` | what is printed |
//! | `plot.rs`, `dims.rs` | what is drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/columns.rs"]
mod columns;
mod compare;
mod criteria;
#[path = "../common/device.rs"]
mod device;
mod dims;
mod drift;
mod method;
mod model;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/outputs.rs"]
mod outputs;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod problem;
mod progress;
#[path = "../common/data/random.rs"]
#[allow(dead_code, reason = "another example's generator, of which not all is needed")]
mod random;
mod report;
mod training;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::compare::compare;
use crate::outputs::{Output, OutputError};
use crate::picture::PlotError;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::report::Summary;

/// Whatever ends a run before its report.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{argument}: cannot write `{}`: {cause}", .path.display())]
    File { argument: &'static str, path: PathBuf, cause: io::Error },
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
    let files = args.files().map(|(argument, path)| Output { argument, path, replaced: false });
    outputs::check(&files.collect::<Vec<_>>(), &[])?;
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let (plan, size, seeds) = (args.plan(), args.size(), args.seeds());
    let mut progress = Progress::new(plan.steps(size) * seeds.len());
    let results = compare(&ctx, &plan, size, &seeds, &mut progress)?;
    let summary = Summary {
        device: ctx.device_name(),
        driver: ctx.driver(),
        ids: size.ids,
        steps: size.steps,
        seconds: progress.elapsed().as_secs_f64(),
        seeds,
        ..Summary::new(&results, criteria::judge(&results, size))
    };
    drop(progress);
    let mut out = io::stdout().lock();
    summary.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        plot::write(path, &results)?;
    }
    if let Some(path) = &args.dims {
        dims::write(path, &results, &Problem::new(size.ids as usize, summary.seeds[0]))?;
    }
    if let Some(path) = &args.json {
        let mut json = Vec::new();
        summary.write_json(&mut json)?;
        fs::write(path, json).map_err(|cause| RunError::File {
            argument: "--json",
            path: path.clone(),
            cause,
        })?;
    }
    Ok(summary.passed)
}
