//! Stacked interactions (DHEN; Zhang et al., "DHEN: a deep and hierarchical ensemble network for large-scale
//! click-through rate prediction", 2022): on a made-up task whose log odds are a product of three values, which two
//! layers of dot products and mixtures find and one layer with more parameters does not; and, with `--format`, sets
//! of modules in one to three layers on a data set. `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `task/` | the made-up task: its data, nets, training, and what is claimed of them |
//! | `study/` | modules and depths on a data set: the sets, the model, what is printed |
//! | `plot.rs` | curves of normalised entropy |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "another example's reader, of which not all is needed")]
mod data;
#[path = "../common/device.rs"]
mod device;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/outputs.rs"]
mod outputs;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod study;
mod task;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::data::DataError;
use crate::outputs::{Output, OutputError};
use crate::picture::PlotError;

/// Whatever ends a run before its report.
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
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
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
    let plot = args.plot.iter().map(|path| Output { argument: "--plot", path, replaced: false });
    outputs::check(&plot.collect::<Vec<_>>(), &data::files(args.train.as_deref(), None))?;
    match args.format {
        None => task::run(args),
        Some(format) => study::run(args, format).map(|()| true),
    }
}
