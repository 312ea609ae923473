//! How often to write to users who tire of it, within a budget: what upper-confidence primal-dual
//! (`embag::decide::UcPd`) does for thousands of groups at once, whose fatigue it learns from what happens,
//! beside the best policy that could have been known, a price that does not look at fatigue, and chance.
//! `--help` lists the arguments.
//!
//! An episode is a day of four slots. What a message would have been worth in each state is learned after the
//! day.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `problem.rs` | clicks and fatigue of groups, from MovieLens or made up; the best policy |
//! | `methods.rs` | upper-confidence primal-dual, dual descent without state, chance |
//! | `score.rs` | clicks, messages, regret |
//! | `report.rs` | what is printed |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/curves.rs"]
mod curves;
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "click models take more of it")]
mod data;
#[path = "../common/device.rs"]
mod device;
#[path = "../common/likes.rs"]
mod likes;
mod methods;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod problem;
mod report;
#[path = "../common/run.rs"]
mod run;
mod score;
#[path = "../common/trained.rs"]
#[allow(dead_code, reason = "who quantises a model takes more of it")]
mod trained;

use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::args::Args;
use crate::curves::{Curve, Panel};
use crate::methods::{dual_descent, even, upper_confidence};
use crate::problem::Problem;
use crate::report::Report;
use crate::run::{RunError, exit};
use crate::score::Score;

fn main() -> ExitCode {
    exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), RunError> {
    if let Some(path) = &args.plot {
        curves::check(path)?;
    }
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let problem = match &args.train {
        Some(folder) => {
            let likes = likes::read(&ctx, folder, args.checkpoint.as_deref())?;
            Problem::movielens(folder, likes, args)?
        }
        None => Problem::made_up(args),
    };
    let start = Instant::now();
    let mut scores = vec![Score::new("upper confidence", &problem)];
    let residual = upper_confidence(&ctx, &problem, args, &mut scores[0])?;
    let seconds = start.elapsed().as_secs_f64();
    for (name, method) in [("without state", dual_descent as fn(&Problem, &mut Score<'_>)), ("chance", even)]
    {
        let mut score = Score::new(name, &problem);
        method(&problem, &mut score);
        scores.push(score);
    }
    let report = Report::new(&ctx, &problem, &scores, seconds, residual);
    let mut out = stdout().lock();
    report.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        curves::write(path, "Messages to users who tire, means over the groups", "day", &panels(&scores))?;
    }
    if args.json {
        report.write_json(&mut out)?;
    }
    Ok(())
}

/// Clicks of a day until then, and messages above the budget.
fn panels(scores: &[Score<'_>]) -> [Panel; 2] {
    let of = |title, value: &dyn Fn(f64, &[f64; 3]) -> f64| {
        let curve = |score: &Score<'_>| {
            let days = (1u32..).map(f64::from).zip(&score.days);
            Curve { name: score.name, points: days.map(|(day, sums)| (day, value(day, sums))).collect() }
        };
        Panel { title, curves: scores.iter().map(curve).collect() }
    };
    [
        of("clicks a day, so far", &|day, sums| sums[0] / day),
        of("most messages above the budget", &|_, sums| sums[2]),
    ]
}
