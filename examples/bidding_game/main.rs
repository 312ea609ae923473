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
use crate::methods::{constrained, fictitious_play, uniform};
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
    let names = ["fictitious play", "within the budget", "uniform"];
    let mut scores = names.map(|name| Score::new(name, &problem));
    fictitious_play(&ctx, &problem, args, &mut scores[0])?;
    constrained(&ctx, &problem, args, &mut scores[1])?;
    let seconds = start.elapsed().as_secs_f64();
    uniform(&problem, &mut scores[2]);
    let report = Report::new(&ctx, &problem, &scores, seconds);
    let mut out = stdout().lock();
    report.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        curves::write(path, "Two advertisers who learn, means over the games", "day", &panels(&scores))?;
    }
    if args.json {
        report.write_json(&mut out)?;
    }
    Ok(())
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
