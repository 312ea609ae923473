//! The cases of `scripts/peer_decide.py` on this crate: the same inputs, the same steps, one JSON line each.
//!
//! Timed is a step of all instances: recording it, submitting it and waiting, with inputs that are on the
//! device already. `--help` lists the arguments.

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod cases;
#[path = "../common/device.rs"]
mod device;
mod inputs;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use embag::{Context, Recorder, Result};
use serde::Serialize;

use crate::cases::Case;
use crate::inputs::unit;

#[derive(Parser)]
#[command(about = "Times steps of many decisions at once, one JSON line for each case")]
struct Args {
    /// Where to run
    #[arg(long, value_enum, default_value = "cpu")]
    device: device::Device,
    /// Problems of each case
    #[arg(long, default_value_t = 4096)]
    instances: usize,
    /// Steps that are timed
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Steps before those
    #[arg(long, default_value_t = 8)]
    untimed: u32,
    /// Cases, separated by commas; all if empty
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    case: &'a str,
    instances: usize,
    steps: u32,
    seconds_per_step: f64,
    checksum: f64,
}

type Build = fn(&Context, usize) -> Result<Box<dyn Case>>;

const CASES: [(&str, Build); 4] = [
    ("ucpd", |ctx, n| Ok(Box::new(cases::Process::new(ctx, n)?))),
    ("fictitious_play", |ctx, n| Ok(Box::new(cases::Play::new(ctx, n)?))),
    ("mirror_prox", |ctx, n| Ok(Box::new(cases::Mix::new(ctx, n)?))),
    ("td", |ctx, n| Ok(Box::new(cases::Values::new(ctx, n)?))),
];

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(unknown) = args.only.iter().find(|only| !CASES.iter().any(|(name, _)| name == only)) {
        eprintln!("error: --only: expected {}, got {unknown}", CASES.map(|(name, _)| name).join(", "));
        return ExitCode::FAILURE;
    }
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let ctx = args.device.open()?;
    for (name, build) in CASES {
        if !args.only.is_empty() && !args.only.iter().any(|only| only == name) {
            continue;
        }
        let mut case = build(&ctx, args.instances)?;
        let mut seconds = Vec::new();
        for step in 0..args.untimed + args.steps {
            let begin = Instant::now();
            let mut rec = Recorder::new(&ctx);
            case.record(&mut rec, step)?;
            rec.run()?;
            if step >= args.untimed {
                seconds.push(begin.elapsed().as_secs_f64());
            }
        }
        let line = Line {
            case: name,
            instances: args.instances,
            steps: args.steps,
            seconds_per_step: median(seconds),
            checksum: checksum(&ctx, case.as_ref())?,
        };
        // a struct of numbers and strings always serialises
        println!("{}", serde_json::to_string(&line).unwrap_or_default());
    }
    Ok(())
}

/// Of at least one value.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2] + values[(values.len() - 1) / 2]) / 2.0
}

/// By how much what is learned differs from where it began: squares, because differences of many instances
/// add up to little, with weights, so that nothing can change places.
fn checksum(ctx: &Context, case: &dyn Case) -> Result<f64> {
    let (learned, start) = case.learned();
    let (mut sum, mut row) = (0.0, 0);
    for matrix in learned {
        for values in matrix.to_vec(ctx)?.chunks(matrix.cols()) {
            for (instance, value) in (0u32..).zip(values) {
                let moved = f64::from(*value) - start;
                sum += f64::from(unit(inputs::WEIGHTS, 0, row, instance)) * moved * moved;
            }
            row += 1;
        }
    }
    Ok(sum)
}
