//! Learns which movie a user will like next: two towers, in-batch and drawn negatives, evaluation by hit rate
//! and NDCG at 10 on each user's last like, and the trained model served from tables of int8. `--help` lists
//! the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `problem.rs` | who liked what, from MovieLens or made up |
//! | `tower.rs`, `model.rs` | a tower; the tables, both towers, and a step of training |
//! | `training.rs` | passes over the likes |
//! | `evaluation.rs` | hit rate and NDCG, of a model and of the most popular movies |
//! | `serving.rs` | the model in int8 |
//! | `report.rs`, `plot.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "click models take more of it")]
mod data;
#[path = "../common/device.rs"]
mod device;
mod evaluation;
mod model;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/outputs.rs"]
mod outputs;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod problem;
mod report;
mod serving;
mod tower;
mod training;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use embag::Checkpoint;

use crate::args::Args;
use crate::data::DataError;
use crate::evaluation::{Evaluation, Found, found};
use crate::model::Model;
use crate::outputs::{Output, OutputError};
use crate::picture::PlotError;
use crate::problem::Problem;
use crate::report::{Epoch, Report};
use crate::serving::Served;
use crate::training::Training;

#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
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
    let checkpoint =
        args.checkpoint.iter().map(|path| Output { argument: "--checkpoint", path, replaced: true });
    let plot = args.plot.iter().map(|path| Output { argument: "--plot", path, replaced: false });
    let inputs = data::files(args.train.as_deref(), None);
    outputs::check(&checkpoint.chain(plot).collect::<Vec<_>>(), &inputs)?;
    let problem = match &args.train {
        Some(folder) => Problem::movielens(folder)?,
        None => Problem::made_up(args.settings.seed),
    };
    let ctx = args.device.open()?;
    let mut model = Model::new(&ctx, &problem, args.ids, args.settings)?;
    if let Some(path) = &args.resume {
        model.import(&Checkpoint::load(path)?)?;
    }
    let evaluation = Evaluation::new(&ctx, &problem)?;
    let mut training = Training::new(&problem, args.settings);
    let popularity = Found::by_popularity(&problem);
    report::start(&ctx, &problem, training.likes(), popularity);

    let mut epochs = Vec::new();
    for epoch in 1..=args.epochs {
        let start = Instant::now();
        let loss = training.epoch(&mut model, &problem, epoch)?;
        let seconds = start.elapsed().as_secs_f64();
        let Found { hit_rate, ndcg } = found(&model, &problem, &evaluation)?;
        let epoch = Epoch { epoch, loss, hit_rate, ndcg, seconds };
        epoch.print();
        epochs.push(epoch);
    }
    if let Some(path) = &args.checkpoint {
        model.export()?.save(path)?;
    }
    let last = found(&model, &problem, &evaluation)?;
    let served = Served::of(&ctx, &model, &problem)?;
    let int8 = served.found(&problem, &evaluation)?;
    let report = Report {
        device: ctx.device_name().to_owned(),
        users: problem.users.len(),
        movies: problem.movies(),
        likes: training.likes(),
        epochs,
        hit_rate: last.hit_rate,
        ndcg: last.ndcg,
        popularity: popularity.hit_rate,
        popularity_ndcg: popularity.ndcg,
        int8_hit_rate: int8.hit_rate,
        int8_ndcg: int8.ndcg,
        latency: served.latency(&problem)?,
    };
    report.print();
    if let Some(path) = &args.plot {
        plot::write(path, &report)?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}
