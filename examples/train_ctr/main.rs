//! Trains a click-through-rate model on embedding bags: on made-up data, MovieLens, Adult, libsvm files or
//! Criteo's logs, on a GPU or on the CPU. `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs`, `chunked_args.rs` | the command line |
//! | `../common/data/` | from files to batches of labels, numbers and bags of ids |
//! | `../common/ctr/` | the model, its settings, and how it is trained: the same for several ranks (`train_ctr_mpi`) |
//! | `alone.rs`, `fixed.rs`, `chunked.rs`, `upkeep.rs` | what ids are looked up in: tables of fixed size, or chunked ones, and what is done to these besides steps |
//! | `chunked_report.rs`, `plot.rs`, `dims.rs` | what else is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod alone;
mod args;
mod chunked;
mod chunked_args;
mod chunked_report;
#[path = "../common/columns.rs"]
mod columns;
#[path = "../common/ctr/mod.rs"]
mod ctr;
#[path = "../common/data/mod.rs"]
mod data;
#[path = "../common/device.rs"]
mod device;
mod dims;
mod error;
mod fixed;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/outputs.rs"]
mod outputs;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod upkeep;

use std::io;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use embag::{Checkpoint, Context, Embeddings};
use indicatif::HumanBytes;

use crate::alone::Alone;
use crate::args::Args;
use crate::chunked::Schedule;
use crate::chunked_report::Chunks;
use crate::ctr::{Embedding, EpochReport, Settings, Summary, Table, TrainError, Trainer};
use crate::data::{DataError, DataState};
use crate::error::RunError;
use crate::outputs::{Output, OutputError};
use crate::upkeep::{NoUpkeep, Upkeep};

/// What shells report for a program that Ctrl-C ended.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(RunError::Train(TrainError::Stopped)) => ExitCode::from(STOPPED),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), RunError> {
    check_outputs(args)?;
    let stop = stop_at_ctrl_c()?;
    let ctx = args.run.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());

    let saved = args.resume.as_ref().map(Checkpoint::load).transpose()?;
    let saved_settings: Option<Settings> = saved.as_ref().map(|saved| saved.json("settings")).transpose()?;
    let saved_data: Option<DataState> = saved.as_ref().map(|saved| saved.json("data")).transpose()?;
    let settings = args.settings(saved_settings.as_ref())?;
    let data = data::open(&args.run.source(&settings), saved_data.as_ref())?;
    if let Some(choice) = data.choice() {
        eprintln!("{}: {choice}", args.run.format.name());
    }
    let schema = data.schema();
    let epochs = args.run.epochs(&settings);
    match settings.embedding {
        Embedding::Fixed => {
            if let Some(path) = &args.dims {
                let got = path.display().to_string();
                return Err(DataError::argument("--dims", "none with --embedding fixed", got).into());
            }
            let tables = Alone::new(fixed::embeddings(&ctx, schema, &settings)?, NoUpkeep);
            let trainer = Trainer::new(&ctx, &*data, settings, tables, &stop)?;
            train(args, &ctx, trainer, saved, epochs)
        }
        Embedding::Chunked(chunked) => {
            let (tables, schedule) = Schedule::new(&ctx, schema, &settings, chunked, args.dims.is_some())?;
            let trainer = Trainer::new(&ctx, &*data, settings, Alone::new(tables, schedule), &stop)?;
            train(args, &ctx, trainer, saved, epochs)
        }
    }
}

/// Whether all that is to be written can be, and is not read before. A checkpoint may take the place of the
/// one that the run goes on from.
fn check_outputs(args: &Args) -> Result<(), OutputError> {
    let checkpoint =
        args.checkpoint.iter().map(|path| Output { argument: "--checkpoint", path, replaced: true });
    let plot = args.plot.iter().map(|path| Output { argument: "--plot", path, replaced: false });
    let dims = args.dims.iter().map(|path| Output { argument: "--dims", path, replaced: false });
    let pictures: Vec<Output<'_>> = plot.chain(dims).collect();
    let resumed: Vec<_> = args.resume.iter().map(|path| ("--resume", path.clone())).collect();
    outputs::check(&pictures, &resumed)?;
    let all: Vec<Output<'_>> = checkpoint.chain(pictures).collect();
    outputs::check(&all, &data::files(args.run.train.as_deref(), args.run.test.as_deref()))
}

/// Trains, from a checkpoint on if there is one, and reports.
fn train<E: Embeddings, U: Upkeep<E>>(
    args: &Args,
    ctx: &Context,
    mut trainer: Trainer<'_, Alone<E, U>>,
    saved: Option<Checkpoint>,
    epochs: usize,
) -> Result<(), RunError> {
    if let Some((saved, path)) = saved.as_ref().zip(args.resume.as_ref()) {
        trainer.resume(saved, path)?;
    }
    drop(saved);
    if args.profile {
        trainer.measure_kernels();
    }
    let first = trainer.reports().len();
    if epochs <= first {
        let expected = format!("more than the checkpoint's {first}");
        return Err(DataError::argument("--epochs", expected, epochs.to_string()).into());
    }

    if trainer.tables().chunks()?.is_none() {
        let (bytes, state) = trainer.embedding_bytes()?;
        eprintln!("embeddings: {} in tables, {} of optimizer state", HumanBytes(bytes), HumanBytes(state));
    }
    let mut table = Table::new(io::stdout());
    for _ in first..epochs {
        let report = match trainer.epoch() {
            Err(TrainError::Stopped) => {
                eprintln!("{}", what_is_left(args, trainer.reports()));
                return Err(TrainError::Stopped.into());
            }
            report => report?,
        };
        table.row(&report)?;
        if let Some(path) = &args.checkpoint {
            trainer.save(path)?;
        }
    }
    if let Some(path) = &args.plot {
        plot::write_curves(path, &format!("train_ctr on {}", args.run.format.name()), trainer.reports())?;
    }
    if let Some(path) = &args.dims {
        dims::write(path, trainer.dim(), &trainer.tables().kept()?)?;
    }
    if let Some(profile) = trainer.profile() {
        eprintln!("{profile}");
    }
    let chunks = trainer.tables().chunks()?;
    if let Some(chunks) = &chunks {
        chunks.write_text(io::stderr().lock())?;
    }
    if args.json {
        let chunks = Chunks { chunked: chunks };
        Summary::of(ctx, &trainer, first, chunks)?.write(io::stdout().lock())?;
    }
    Ok(())
}

/// A flag that Ctrl-C sets; a second one ends the program at once.
fn stop_at_ctrl_c() -> Result<Arc<AtomicBool>, RunError> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            process::exit(STOPPED.into());
        }
    })?;
    Ok(stop)
}

/// What someone who stopped a run wants to know.
fn what_is_left(args: &Args, reports: &[EpochReport]) -> String {
    let epoch = reports.len() + 1;
    match &args.checkpoint {
        Some(path) if reports.iter().any(|report| report.seconds > 0.0) => {
            let path = path.display();
            format!(
                "stopped in epoch {epoch}: `{path}` holds epoch {}, --resume goes on from there",
                epoch - 1
            )
        }
        _ => format!("stopped in epoch {epoch}: no checkpoint was written"),
    }
}
