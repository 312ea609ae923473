//! Trains a click-through-rate model on embedding bags: on made-up data, MovieLens, Adult, libsvm files or
//! Criteo's logs, on a GPU or on the CPU. `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs`, `chunked_args.rs` | the command line and each format's defaults |
//! | `../common/data/` | from files to batches of labels, numbers and bags of ids |
//! | `model.rs`, `over.rs`, `model_args.rs` | the model, and what one step of training is |
//! | `fixed.rs`, `chunked.rs`, `upkeep.rs` | what ids are looked up in: tables of fixed size, or chunked ones, and what is done to these besides steps |
//! | `trainer.rs`, `losses.rs` | epochs, tests, checkpoints |
//! | `report.rs`, `chunked_report.rs`, `plot.rs`, `dims.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
mod chunked;
mod chunked_args;
mod chunked_report;
#[path = "../common/columns.rs"]
mod columns;
#[path = "../common/data/mod.rs"]
mod data;
#[path = "../common/device.rs"]
mod device;
mod dims;
mod error;
mod fixed;
mod losses;
mod model;
mod model_args;
mod optimizer;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/outputs.rs"]
mod outputs;
mod over;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod report;
mod trainer;
mod upkeep;

use std::io;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use embag::{Checkpoint, Context, Embeddings};
use indicatif::HumanBytes;

use crate::args::{Args, Settings};
use crate::chunked::Schedule;
use crate::chunked_args::Embedding;
use crate::chunked_report::ChunkedReport;
use crate::data::{DataError, DataState};
use crate::error::RunError;
use crate::outputs::{Output, OutputError};
use crate::report::{EpochReport, Summary, Table};
use crate::trainer::Trainer;
use crate::upkeep::{NoUpkeep, Upkeep};

/// What shells report for a program that Ctrl-C ended.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(RunError::Stopped) => ExitCode::from(STOPPED),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), RunError> {
    check_outputs(args)?;
    let stop = stop_at_ctrl_c()?;
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());

    let saved = args.resume.as_ref().map(Checkpoint::load).transpose()?;
    let saved_settings: Option<Settings> = saved.as_ref().map(|saved| saved.json("settings")).transpose()?;
    let saved_data: Option<DataState> = saved.as_ref().map(|saved| saved.json("data")).transpose()?;
    let settings = args.settings(saved_settings.as_ref())?;
    let data = data::open(&args.source(&settings), saved_data.as_ref())?;
    if let Some(choice) = data.choice() {
        eprintln!("{}: {choice}", args.format.name());
    }
    let schema = data.schema();
    let epochs = args.epochs(&settings);
    match settings.embedding {
        Embedding::Fixed => {
            if let Some(path) = &args.dims {
                let got = path.display().to_string();
                return Err(DataError::argument("--dims", "none with --embedding fixed", got).into());
            }
            let embeddings = fixed::embeddings(&ctx, schema, &settings)?;
            let trainer = Trainer::new(&ctx, &*data, settings, (embeddings, NoUpkeep), &stop)?;
            train(args, &ctx, trainer, saved, epochs)
        }
        Embedding::Chunked(chunked) => {
            let embeddings = Schedule::new(&ctx, schema, &settings, chunked, args.dims.is_some())?;
            let trainer = Trainer::new(&ctx, &*data, settings, embeddings, &stop)?;
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
    outputs::check(&all, &data::files(args.train.as_deref(), args.test.as_deref()))
}

/// Trains, from a checkpoint on if there is one, and reports.
fn train<E: Embeddings, U: Upkeep<E>>(
    args: &Args,
    ctx: &Context,
    mut trainer: Trainer<'_, E, U>,
    saved: Option<Checkpoint>,
    epochs: usize,
) -> Result<(), RunError> {
    if let Some(saved) = &saved {
        trainer.resume(saved)?;
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

    if trainer.chunks()?.is_none() {
        let (bytes, state) = trainer.embedding_bytes();
        eprintln!("embeddings: {} in tables, {} of optimizer state", HumanBytes(bytes), HumanBytes(state));
    }
    let mut table = Table::new(io::stdout());
    for _ in first..epochs {
        let report = match trainer.epoch() {
            Err(RunError::Stopped) => {
                eprintln!("{}", what_is_left(args, trainer.reports()));
                return Err(RunError::Stopped);
            }
            report => report?,
        };
        table.row(&report)?;
        if let Some(path) = &args.checkpoint {
            trainer.save(path)?;
        }
    }
    if let Some(path) = &args.plot {
        plot::write_curves(path, &format!("train_ctr on {}", args.format.name()), trainer.reports())?;
    }
    if let Some(path) = &args.dims {
        dims::write(path, trainer.dim(), &trainer.kept()?)?;
    }
    if let Some(profile) = trainer.profile() {
        eprintln!("{profile}");
    }
    let chunks = trainer.chunks()?;
    if let Some(chunks) = &chunks {
        chunks.write_text(io::stderr().lock())?;
    }
    if args.json {
        summary(ctx, &trainer, &trainer.reports()[first..], chunks).write(io::stdout().lock())?;
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

fn summary<E: Embeddings, U: Upkeep<E>>(
    ctx: &Context,
    trainer: &Trainer<'_, E, U>,
    reports: &[EpochReport],
    chunked: Option<ChunkedReport>,
) -> Summary {
    let last = reports.last().copied().unwrap_or(EpochReport::NONE);
    let (train_examples, test_examples) = trainer.examples();
    let (embedding_bytes, state_bytes) = trainer.embedding_bytes();
    let seconds: f64 = reports.iter().map(|report| report.seconds).sum();
    Summary {
        device: ctx.device_name(),
        driver: ctx.driver(),
        epochs: last.epoch,
        train_examples,
        test_examples,
        auc: last.auc,
        logloss: last.logloss,
        ne: last.ne,
        examples_per_s: (train_examples * reports.len()) as f64 / seconds,
        embedding_bytes,
        state_bytes,
        chunked,
    }
}
