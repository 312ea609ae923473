//! Quantises a model that `train_ctr` trained so that its normalized entropy stays within a budget, writes
//! it, loads it and serves batches with it. `--help` lists the arguments.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `../common/data/` | from files to batches of labels, numbers and bags of ids |
//! | `../common/trained.rs` | the model of the checkpoint, in `f32` |
//! | `served.rs` | the model in few bits: how it is made, kept in a file and computed |
//! | `layers.rs`, `treatment.rs` | layers made ready for 8 bits, and what each way of it brings |
//! | `calibration.rs` | the ranges of the layers' inputs |
//! | `evaluation.rs` | test examples, and the logits of a model on them |
//! | `choice.rs` | what each part costs in each format, and the choice within the budget |
//! | `shadow.rs` | the error of each part, on the same inputs |
//! | `serving.rs` | requests one after the other, and how long they take |
//! | `report.rs`, `plot.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
mod calibration;
mod choice;
#[path = "../common/data/mod.rs"]
#[allow(dead_code, reason = "training takes more of it")]
mod data;
#[path = "../common/device.rs"]
mod device;
mod error;
mod evaluation;
mod layers;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/outputs.rs"]
mod outputs;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod report;
mod served;
mod serving;
mod shadow;
#[path = "../common/trained.rs"]
mod trained;
mod treatment;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use embag::Checkpoint;

use crate::args::Args;
use crate::error::RunError;
use crate::evaluation::{BATCH, TestSet};
use crate::layers::Layers;
use crate::outputs::Output;
use crate::report::{Found, Report};
use crate::served::{Formats, Served};
use crate::trained::Trained;

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
    let out = Output { argument: "--out", path: &args.out, replaced: true };
    let plot = args.plot.iter().map(|path| Output { argument: "--plot", path, replaced: false });
    let mut inputs = data::files(args.train.as_deref(), args.test.as_deref());
    inputs.push(("--checkpoint", args.checkpoint.clone()));
    outputs::check(&[out].into_iter().chain(plot).collect::<Vec<_>>(), &inputs)?;
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let checkpoint = Checkpoint::load(&args.checkpoint)?;
    let trained = Trained::load(&ctx, &checkpoint, args.batch.max(BATCH).get())?;
    drop(checkpoint);
    let data = data::open(&args.source(&trained), Some(&trained.data))?;
    let tests = TestSet::read(&*data)?;

    let plain = Layers::of(&ctx, &trained)?;
    let reference = Served::of(&trained, &plain, &Formats::of(&trained))?;
    let examples = &tests.chosen_on;
    let (layers, brought) = treatment::choose(&trained, &plain, &reference, examples, args.activations)?;
    // equalised layers compute the same, with other values between them
    let reference = reference.with_layers(&trained, &layers, &Formats::of(&trained))?;
    let inputs = calibration::inputs(&reference, &layers, examples, args.activations)?;
    let outcome = choice::choose(&trained, &layers, &reference, &inputs, examples, args.ne_budget)?;
    let served = Served::of(&trained, &layers, &outcome.formats)?;
    served.save(&trained, &args.out)?;
    let found = Found {
        device: ctx.device_name(),
        budget: args.ne_budget,
        activations: args.activations,
        before: reference.part_bytes(),
        errors: shadow::shadow(&reference, &served, &tests.chosen_on)?,
        held_out: evaluation::difference(&reference, &served, &tests.held_out)?,
        serving: {
            let loaded = Served::load(&ctx, &args.out)?;
            let requests = TestSet::requests(&*data, args.batch)?;
            serving::serve(&served, &loaded, &tests, &requests, args.requests.get(), &args.out)?
        },
        outcome,
        brought,
    };
    let report = Report::new(found, &args.out)?;
    report.write_text(io::stdout().lock())?;
    if let Some(path) = &args.plot {
        plot::write(path, &report)?;
    }
    if args.json {
        report.write_json(io::stdout().lock())?;
    }
    Ok(())
}
