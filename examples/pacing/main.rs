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
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "click models take more of it")]
mod data;
#[path = "../common/decisions/mod.rs"]
mod decisions;
#[path = "../common/device.rs"]
mod device;
mod methods;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod problem;
#[path = "../common/quick.rs"]
mod quick;
mod report;
mod score;
#[path = "../common/trained.rs"]
#[allow(dead_code, reason = "who quantises a model takes more of it")]
mod trained;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use embag::Context;

use crate::args::Args;
use crate::decisions::curves::{Curve, Panel};
use crate::decisions::{Outcome, RunError, Train};
use crate::methods::{dual_descent, even, upper_confidence};
use crate::problem::Problem;
use crate::report::Report;
use crate::score::Score;

fn main() -> ExitCode {
    let args = Args::parse();
    decisions::run(&args.asked, |ctx, train| study(ctx, train, &args))
}

fn study(ctx: &Context, train: Option<Train<'_>>, args: &Args) -> Result<Outcome<Report>, RunError> {
    let problem = match train {
        Some(train) => Problem::movielens(train.folder, train.likes, args)?,
        None => Problem::made_up(args),
    };
    let start = Instant::now();
    let mut scores = vec![Score::new("upper confidence", &problem)];
    let residual = upper_confidence(ctx, &problem, args, &mut scores[0])?;
    let seconds = start.elapsed().as_secs_f64();
    for (name, method) in [("without state", dual_descent as fn(&Problem, &mut Score<'_>)), ("chance", even)]
    {
        let mut score = Score::new(name, &problem);
        method(&problem, &mut score);
        scores.push(score);
    }
    Ok(Outcome {
        report: Report::new(ctx, &problem, &scores, seconds, residual),
        title: "Messages to users who tire, means over the groups",
        x_label: "day",
        panels: panels(&scores).into(),
    })
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
