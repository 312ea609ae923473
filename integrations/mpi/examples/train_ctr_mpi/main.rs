//! Trains what `train_ctr` trains, on several ranks: `mpirun -n 4 train_ctr_mpi --format criteo --train
//! FILE`. Each rank reads its part of each batch, and has its part of the tables and all dense layers.
//! `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `plan.rs`, `dct.rs` | where tables lie, and whether gradients are thresholded |
//! | `on_ranks.rs` | embeddings on several ranks, as the trainer takes them |
//! | `../../../../examples/common/` | data, model and trainer, which are `train_ctr`'s |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
#[allow(dead_code, unused_imports, reason = "train_ctr takes more of it")]
#[path = "../../../../examples/common/ctr/mod.rs"]
mod ctr;
#[allow(dead_code, reason = "other programs take more of it")]
#[path = "../../../../examples/common/data/mod.rs"]
mod data;
mod dct;
#[allow(dead_code, reason = "a rank opens the device of its number")]
#[path = "../../../../examples/common/device.rs"]
mod device;
mod error;
mod on_ranks;
mod plan;

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use embag::Checkpoint;
use embag::sharded::{Group, Ranks, ShardedBags};
use embag_mpi::Mpi;
use indicatif::HumanBytes;
use serde::Serialize;

use crate::args::Args;
use crate::ctr::{Embedding, Settings, Summary, Table, Tables, TrainError, Trainer};
use crate::data::{DataError, DataState, Dataset};
use crate::error::RunError;
use crate::on_ranks::OnRanks;

/// What shells report for a program that Ctrl-C ended.
const STOPPED: u8 = 130;
/// And of one whose arguments are wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    embag_mpi::run(|group| {
        let first = group.rank() == 0;
        match Args::try_parse() {
            Ok(args) => match run(&args, group) {
                Err(RunError::Train(TrainError::Stopped)) => code = ExitCode::from(STOPPED),
                ended => ended?,
            },
            Err(error) => {
                // all ranks have the same arguments
                if first {
                    error.print()?;
                }
                if error.use_stderr() {
                    code = ExitCode::from(USAGE);
                }
            }
        }
        Ok::<(), RunError>(())
    });
    code
}

fn run(args: &Args, group: Mpi) -> Result<(), RunError> {
    let stop = stop_at_signals()?;
    let ctx = args.open_device(&group)?;
    let first = group.rank() == 0;
    let say = |text: std::fmt::Arguments<'_>| {
        if first {
            eprintln!("{text}");
        }
    };
    say(format_args!("device: {} ({}) on each of {} ranks", ctx.device_name(), ctx.driver(), group.ranks()));

    // what all ranks have is in the first file
    let saved: Option<Checkpoint> = match &args.resume {
        Some(path) => ShardedBags::saved_with(path)?.into_iter().next(),
        None => None,
    };
    let saved_settings: Option<Settings> = saved.as_ref().map(|saved| saved.json("settings")).transpose()?;
    let saved_data: Option<DataState> = saved.as_ref().map(|saved| saved.json("data")).transpose()?;
    let settings = args.run.settings(saved_settings.as_ref())?;
    if settings.embedding != Embedding::Fixed {
        return Err(DataError::argument("--resume", "tables of fixed size", "chunked ones").into());
    }
    let data = data::open(&args.run.source(&settings), saved_data.as_ref())?;
    if let Some(choice) = data.choice() {
        say(format_args!("{}: {choice}", args.run.format.name()));
    }
    let ranks = Ranks::new(group);
    check_same(args, &ranks, &settings, &*data, saved.as_ref())?;
    let tables = OnRanks::new(&ctx, ranks.clone(), &*data, &settings, args)?;
    say(format_args!("{}", tables.plan()));
    if let Some(path) = args.plan_out.as_ref().filter(|_| first) {
        plan::write(path, tables.plan())?;
    }
    let epochs = args.run.epochs(&settings);
    let mut trainer = Trainer::new(&ctx, &*data, settings, tables, &stop)?;
    if let Some((saved, path)) = saved.as_ref().zip(args.resume.as_ref()) {
        trainer.resume(saved, path)?;
    }
    drop(saved);
    let begun = trainer.reports().len();
    if epochs <= begun {
        let expected = format!("more than the checkpoint's {begun}");
        return Err(DataError::argument("--epochs", expected, epochs.to_string()).into());
    }

    let mut table = first.then(|| Table::new(io::stdout()));
    for epoch in begun + 1..=epochs {
        let report = trainer.epoch();
        if matches!(report, Err(TrainError::Stopped)) {
            say(format_args!("stopped in epoch {epoch}, all ranks after the same step"));
        }
        let report = report?;
        if let Some(table) = &mut table {
            table.row(&report)?;
        }
        if let Some(path) = &args.checkpoint {
            trainer.save(path)?;
        }
    }
    let more = more(&ranks, trainer.tables())?;
    say(format_args!("sent by all ranks: {}", more.described()));
    let summary = Summary::of(&ctx, &trainer, begun, more)?;
    if args.json && first {
        summary.write(io::stdout().lock())?;
    }
    Ok(())
}

/// Compares what ranks have been told, and the data that they see.
fn check_same(
    args: &Args,
    ranks: &Ranks,
    settings: &Settings,
    data: &dyn Dataset,
    saved: Option<&Checkpoint>,
) -> Result<(), RunError> {
    let mut told = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    let described = serde_json::to_value(settings)?;
    let fields = described.as_object().into_iter().flatten();
    told.extend(fields.map(|(name, value)| (name.as_str(), value.to_string())));
    told.push(("epochs", args.run.epochs(settings).to_string()));
    told.push(("data", serde_json::to_string(data.state())?));
    for (argument, path) in data::files(args.run.train.as_deref(), args.run.test.as_deref()) {
        let bytes = path.metadata().map(|found| found.len()).unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        told.push((argument, format!("`{name}` of {bytes} bytes")));
    }
    told.push(("--dct-dp", serde_json::to_string(&args.dct.dct()?)?));
    told.push(("--checkpoint", args.checkpoint.is_some().to_string()));
    let steps = saved.and_then(|saved| saved.metadata("steps"));
    told.push(("--resume", steps.map_or_else(|| "nothing".to_owned(), |steps| format!("{steps} steps"))));
    Ok(ranks.check_same(&told)?)
}

/// What the line of JSON says of ranks.
#[derive(Serialize)]
struct More {
    ranks: usize,
    /// Bytes that all ranks sent, by what they are.
    sent: BTreeMap<String, u64>,
}

impl More {
    fn described(&self) -> String {
        let sent = self.sent.iter().filter(|(_, bytes)| **bytes > 0);
        let parts: Vec<String> =
            sent.map(|(what, bytes)| format!("{} of {what}", HumanBytes(*bytes))).collect();
        match parts.is_empty() {
            true => "nothing".to_owned(),
            false => parts.join(", "),
        }
    }
}

fn more(ranks: &Ranks, tables: &OnRanks) -> Result<More, RunError> {
    let mut sent = tables.sent();
    let all = tables.gather(sent.values().copied().collect())?;
    let kinds = sent.len();
    for (kind, sum) in sent.values_mut().enumerate() {
        *sum = all.iter().skip(kind).step_by(kinds).sum();
    }
    Ok(More { ranks: ranks.count(), sent })
}

/// A flag that Ctrl-C sets, and SIGTERM, by which launchers end programs.
fn stop_at_signals() -> Result<Arc<AtomicBool>, RunError> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    Ok(stop)
}
