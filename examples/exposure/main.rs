//! A mix of content for each group of users, day by day, in which every kind of content gets its share: what
//! mirror prox (`embag::decide::MirrorProx`) loses against the best mix that could have been known before,
//! and by how much floors are missed, beside dual descent and an even mix. `--help` lists the arguments.
//!
//! A round is a day: a group's mix is chosen, and then it is learned what part of each kind's impressions was
//! liked. The loss of a kind is the part that was not.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `problem.rs` | losses of groups and kinds, from MovieLens or made up |
//! | `methods.rs` | mirror prox, dual descent, an even mix |
//! | `score.rs` | regret and missed floors |
//! | `report.rs`, `plot.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "click models take more of it")]
mod data;
#[path = "../common/device.rs"]
mod device;
mod methods;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod problem;
mod report;
mod score;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::args::Args;
use crate::data::DataError;
use crate::methods::{dual_descent, even_mix, mirror_prox};
use crate::picture::PlotError;
use crate::problem::Problem;
use crate::report::Report;
use crate::score::Score;

/// Whatever ends a run before its report.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
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

fn run(args: &Args) -> Result<(), RunError> {
    if let Some(path) = &args.plot {
        plot::check(path)?;
    }
    let problem = match &args.train {
        Some(folder) => Problem::movielens(folder, args)?,
        None => Problem::made_up(args)?,
    };
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let start = Instant::now();
    let mut scores = vec![Score::new("mirror prox", &problem)];
    mirror_prox(&ctx, &problem, &mut scores[0])?;
    let seconds = start.elapsed().as_secs_f64();
    for (name, method) in [("dual descent", dual_descent as fn(&Problem, &mut Score)), ("even mix", even_mix)]
    {
        let mut score = Score::new(name, &problem);
        method(&problem, &mut score);
        scores.push(score);
    }
    let report = Report::new(&ctx, &problem, &scores, seconds);
    let mut out = io::stdout().lock();
    report.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        plot::write(path, &scores)?;
    }
    if args.json {
        report.write_json(&mut out)?;
    }
    Ok(())
}
