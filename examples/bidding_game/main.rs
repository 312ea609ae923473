//! Two advertisers bid for the same users, and what each spends moves its own state: fictitious play
//! (`embag::decide::FictitiousPlay`), whose sides learn rewards and moves from what happens, and a game with
//! a budget of high bids that both share (`embag::decide::ConstrainedGame`), of thousands of auctions at
//! once. `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `problem.rs` | auctions, from MovieLens or made up; best answers |
//! | `methods.rs` | how both sides learn |
//! | `score.rs` | what could still be won, high bids above the budget |
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
use crate::methods::{constrained, fictitious_play, uniform};
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
    let names = ["fictitious play", "within the budget", "uniform"];
    let mut scores = names.map(|name| Score::new(name, &problem));
    fictitious_play(ctx, &problem, args, &mut scores[0])?;
    constrained(ctx, &problem, args, &mut scores[1])?;
    let seconds = start.elapsed().as_secs_f64();
    uniform(&problem, &mut scores[2]);
    Ok(Outcome {
        report: Report::new(ctx, &problem, &scores, seconds),
        title: "Two advertisers who learn, means over the games",
        x_label: "day",
        panels: panels(&scores).into(),
    })
}

/// What could still be won, and high bids above the budget.
fn panels(scores: &[Score<'_>]) -> [Panel; 2] {
    [("still to win against the mean of what was played", 0), ("high bids above the budget, added up", 1)]
        .map(|(title, of)| {
            let curve = |score: &Score<'_>| {
                let points = score.curve.iter().map(|(day, point)| (*day, point[of]));
                Curve { name: score.name, points: points.collect() }
            };
            Panel { title, curves: scores.iter().map(curve).collect() }
        })
}
