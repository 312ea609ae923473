//! What users will like in the long run: the discounted sum of likes that follow a rating, learned from
//! transitions by single-timescale temporal differences (`embag::decide::ValueNet`), beside methods that need
//! fewer of them: least squares, semi-gradient steps, and a regression of the next like alone. `--help` lists
//! the arguments.
//!
//! What `ValueNet` promises are steps that converge, not better values, and the picture shows it: it comes
//! slowly to where the others are.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `problem.rs` | ratings, features and what followed, from MovieLens or made up |
//! | `learned.rs` | the value that is learned, on the device |
//! | `references.rs` | what it stands beside |
//! | `report.rs` | what is printed |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "click models take more of it")]
mod data;
#[path = "../common/decisions/mod.rs"]
mod decisions;
#[path = "../common/device.rs"]
mod device;
mod learned;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod problem;
mod references;
mod report;
#[path = "../common/trained.rs"]
#[allow(dead_code, reason = "who quantises a model takes more of it")]
mod trained;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use embag::Context;
use embag::decide::TdMethod;

use crate::args::Args;
use crate::decisions::curves::{Curve, Panel};
use crate::decisions::{Outcome, RunError, Train};
use crate::learned::{Learned, learn};
use crate::problem::Problem;
use crate::references::{lstd, myopic, semi_gradient};
use crate::report::Report;

fn main() -> ExitCode {
    let args = Args::parse();
    decisions::run(&args.asked, |ctx, train| study(ctx, train, &args))
}

fn study(ctx: &Context, train: Option<Train<'_>>, args: &Args) -> Result<Outcome<Report>, RunError> {
    let problem = match train {
        Some(train) => Problem::movielens(train.folder, &train.likes)?,
        None => Problem::made_up(args)?,
    };
    let start = Instant::now();
    let mut learned = Vec::new();
    for method in [TdMethod::VarianceReduced, TdMethod::Momentum] {
        learned.push(learn(ctx, &problem, args, method)?);
    }
    let seconds = start.elapsed().as_secs_f64();
    let references = [
        ("least squares", lstd(&problem)),
        ("semi-gradient", semi_gradient(&problem, args.steps(), args.seed)),
        ("myopic", myopic(&problem)),
    ];
    Ok(Outcome {
        report: Report::new(ctx, &problem, args, &learned, &references, seconds),
        title: "What follows a rating, means over the seeds",
        x_label: "transitions",
        panels: panels(&learned, &references).into(),
    })
}

/// Errors over the transitions.
fn panels(learned: &[Learned], references: &[(&'static str, f64)]) -> [Panel; 1] {
    let own = learned.iter().map(|learned| Curve { name: learned.name, points: learned.means().collect() });
    let ends = || learned.iter().flat_map(Learned::means).map(|(seen, _)| seen);
    let (first, last) = (ends().fold(f64::MAX, f64::min), ends().fold(0.0, f64::max));
    let beside =
        references.iter().map(|&(name, error)| Curve { name, points: vec![(first, error), (last, error)] });
    [Panel { title: "error over a constant's", curves: own.chain(beside).collect() }]
}
