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
use crate::methods::{dual_descent, even_mix, mirror_prox};
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
        None => Problem::made_up(args)?,
    };
    let start = Instant::now();
    let mut scores = vec![Score::new("mirror prox", &problem)];
    mirror_prox(ctx, &problem, &mut scores[0])?;
    let seconds = start.elapsed().as_secs_f64();
    for (name, method) in [("dual descent", dual_descent as fn(&Problem, &mut Score)), ("even mix", even_mix)]
    {
        let mut score = Score::new(name, &problem);
        method(&problem, &mut score);
        scores.push(score);
    }
    Ok(Outcome {
        report: Report::new(ctx, &problem, &scores, seconds),
        title: "A mix of content with floors, means over the groups",
        x_label: "day",
        panels: panels(&scores).into(),
    })
}

/// Regret and missed floors over the days.
fn panels(scores: &[Score<'_>]) -> [Panel; 2] {
    [("regret", 0), ("most that a floor was missed by, added up", 1)].map(|(title, of)| {
        let curve = |score: &Score<'_>| {
            let points = score.days.iter().zip(1u32..).map(|(values, day)| (f64::from(day), values[of]));
            Curve { name: score.name, points: points.collect() }
        };
        Panel { title, curves: scores.iter().map(curve).collect() }
    })
}
