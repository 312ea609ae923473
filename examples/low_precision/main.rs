//! What low precision costs a recommender: rows and products of random numbers, the tables of a trained
//! factorisation machine, the formats that hold a budget in the fewest bytes, and a network with a layer that
//! int8 spoils. `--help` lists the arguments.
//!
//! The criteria of `criteria.rs` are checked, and the exit code is 1 if one fails. `docs/low_precision.md`
//! has the results.
//!
//! | file | |
//! |---|---|
//! | `args.rs` | the command line |
//! | `rows.rs`, `products.rs` | errors of quantised rows and matrix products |
//! | `problem.rs`, `model.rs` | made-up clicks, and the machine that is trained on them |
//! | `tables.rs` | its tables in few bits, and the selector |
//! | `layers.rs` | the network with outliers |
//! | `criteria.rs` | what is claimed, and whether it holds |
//! | `report.rs`, `plot.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod args;
mod criteria;
#[path = "../common/device.rs"]
mod device;
mod layers;
mod model;
#[path = "../common/output.rs"]
mod output;
#[path = "../common/picture.rs"]
mod picture;
mod plot;
mod problem;
mod products;
#[path = "../common/data/random.rs"]
#[allow(dead_code, reason = "another example's generator, of which not all is needed")]
mod random;
mod report;
mod rows;
mod tables;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use embag::Context;
use embag::metrics::{log_loss_from_logits, normalized_entropy};

use crate::args::Args;
use crate::model::{NAMES, Tester, train};
use crate::output::check_folder;
use crate::picture::PlotError;
use crate::problem::Problem;
use crate::report::{Summary, Training};
use crate::tables::Trained;

/// Whatever ends a run before its report.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
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
    if let Some(path) = &args.plot {
        check_folder(path).map_err(|cause| PlotError::Write {
            argument: "--plot",
            path: path.clone(),
            cause,
        })?;
    }
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let summary = measure(&ctx, args.quick)?;
    let mut out = io::stdout().lock();
    summary.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        plot::write(path, &summary)?;
    }
    if args.json {
        summary.write_json(&mut out)?;
    }
    Ok(summary.passed)
}

fn measure(ctx: &Context, quick: bool) -> embag::Result<Summary> {
    let start = Instant::now();
    let tell = |what: &str| eprintln!("{:>6.1} s  {what}", start.elapsed().as_secs_f64());
    let rows = rows::measure(ctx)?;
    tell("rows");
    let lengths = if quick { &products::LENGTHS[..2] } else { &products::LENGTHS };
    let products = products::measure(ctx, lengths)?;
    tell("products");
    let mut problem = Problem::new(if quick { problem::QUICK } else { problem::WHOLE });
    let bags = train(ctx, &mut problem)?;
    tell("factorisation machine trained");
    let tables = NAMES.iter().map(|name| bags.download(name)).collect::<embag::Result<_>>()?;
    let mut trained = Trained::new(Tester::new(bags, problem.test())?, tables)?;
    let training = {
        let (logits, labels) = trained.predictions();
        let probabilities: Vec<f32> = logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
        Training {
            log_loss: log_loss_from_logits(logits, labels)?,
            normalized_entropy: normalized_entropy(&probabilities, labels)?,
        }
    };
    let formats = trained.formats(ctx)?;
    tell("formats");
    let selected = trained.select(ctx)?;
    tell("selected");
    let layers = layers::measure(ctx, if quick { layers::QUICK } else { layers::WHOLE })?;
    tell("network with outliers");
    let mut criteria = criteria::of_errors(&rows, &products);
    if !quick {
        criteria.extend(criteria::of_models(&formats, &selected, &layers));
    }
    Ok(Summary {
        device: ctx.device_name(),
        driver: ctx.driver(),
        seconds: start.elapsed().as_secs_f64(),
        rows,
        products,
        training,
        formats,
        selected,
        layers,
        passed: criteria.iter().all(|criterion| criterion.holds),
        criteria,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_says_all_and_errors_are_as_claimed() -> Result<(), Box<dyn std::error::Error>> {
        let summary = measure(&Context::cpu(), true)?;
        assert!(summary.passed, "{:#?}", summary.criteria);
        assert_eq!(summary.formats.len(), 8);
        assert_eq!(summary.selected.parts.len(), 8);
        let mut text = Vec::new();
        summary.write_text(&mut text)?;
        let text = String::from_utf8(text)?;
        for part in ["int4 greedy", "a, frequent", "planted", "pass"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let mut json = Vec::new();
        summary.write_json(&mut json)?;
        assert_eq!(json.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let json: serde_json::Value = serde_json::from_slice(&json)?;
        assert_eq!(json["layers"]["ranking"]["parts"][0]["name"], "1");
        assert!(plot::draw(&summary, 0.5)?.starts_with(b"\x89PNG"));
        Ok(())
    }
}
