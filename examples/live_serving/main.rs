//! Trains on a stream in one process, while another serves the model in int8 and follows it: every few steps
//! the rows that changed, and the layers, go through a folder as a delta, which is applied while requests are
//! answered. A third model stays as it was at first, for comparison. `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `stream.rs` | impressions of items that come, change and go |
//! | `model.rs` | the click model, and a step of training |
//! | `folder.rs` | what lies where between the processes |
//! | `training.rs` | the process that trains, and asks |
//! | `server.rs` | the process that serves, follows, and answers |
//! | `report.rs`, `plot.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "only its random numbers are needed")]
mod data;
#[path = "../common/device.rs"]
mod device;
mod folder;
mod model;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod report;
mod server;
mod stream;
mod training;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::output::check_folder;
use crate::picture::PlotError;

#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot read or write what the processes share: {0}")]
    Shared(#[from] std::io::Error),
    #[error("an answer that is none: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("the process that serves {0}")]
    Process(String),
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
        let failed = |cause| PlotError::Write { argument: "--plot", path: path.clone(), cause };
        check_folder(path).map_err(failed)?;
    }
    let ctx = args.device.open()?;
    if let Some(folder) = &args.serve {
        return server::serve(&ctx, folder, args.seed);
    }
    println!("device: {} ({})", ctx.device_name(), ctx.driver());
    println!("{} steps, then {} more while the model is served\n", args.before, args.steps);
    report::header();
    let folder = tempfile::tempdir()?;
    let report = training::run(args, &ctx, folder.path())?;
    report.print();
    if let Some(path) = &args.plot {
        plot::write(path, &report)?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}
