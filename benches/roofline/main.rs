//! What this machine's device can do, and how near every kernel comes to it, in time on the device: a line a
//! kernel, those that lose most time first. `--check`: whether it computes right.
//!
//! ```text
//! cargo run --release -p embag-benches --bin roofline -- \
//!     [--device gpu|cpu] [--tune | --tuning JSON] [--checked-shaders BOOL] [--cooperative] [--filter TEXT] \
//!     [--all] [--json] [--plot FILE.png] | --check
//! ```
//!
//! | file | |
//! |---|---|
//! | `check.rs` | every case against its twin |
//! | `rates.rs` | copies, reads, arithmetic, and what a dispatch costs by itself |
//! | `lines.rs` | a line for a kernel |
//! | `tables.rs` | lookups and steps on tables that no cache holds |
//! | `timing.rs` | medians of submissions |
//! | `report.rs`, `plot.rs` | what is printed and drawn |

#![allow(unreachable_pub, reason = "pictures are shared with the examples")]

mod check;
mod lines;
#[path = "../../examples/common/picture.rs"]
mod picture;
mod plot;
mod rates;
mod report;
mod tables;
mod timing;

use std::error::Error as StdError;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use embag::kernel::{Case, Kernel, Shape, Variant};
use embag::{Context, ContextOptions, Error, MatmulTile, SortVariant, Tuning};

type Result<T, E = Box<dyn StdError>> = std::result::Result<T, E>;

/// Measures every kernel against what the device's memory and arithmetic can do, or checks every kernel
/// against its CPU twin.
#[derive(Debug, Parser)]
#[command(name = "roofline")]
struct Args {
    /// The best adapter or the CPU; without it the best adapter, and the CPU if there is none
    #[arg(long, value_enum)]
    device: Option<Device>,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
    /// Every bench case in every variant that the device can run, not only the main one of each kernel
    #[arg(long)]
    all: bool,
    /// Only kernels whose `kernel.variant: case` contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Draw each kernel's share of what the device can do
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
    /// Choices between kernels as JSON, such as {"bag_rows": 8}; what is not named is as it is for a
    /// discrete GPU
    #[arg(long, value_name = "JSON", value_parser = tuning, conflicts_with = "tune")]
    tuning: Option<Tuning>,
    /// Build shaders with wgpu's checks of loops and divisions, or without, whatever the device is
    #[arg(long, value_name = "BOOL")]
    checked_shaders: Option<bool>,
    /// Multiply layers of f16 weights by cooperative matrices, where the device has them: an experiment
    #[arg(long)]
    cooperative: bool,
    /// Measure the choices between kernels first (`Context::tune`), and go on with the best
    #[arg(long)]
    tune: bool,
    /// Run every test case of this device and print those that fail; exit code 1 if one does
    #[arg(long, conflicts_with_all = ["json", "plot"])]
    check: bool,
}

fn tuning(text: &str) -> Result<Tuning, serde_json::Error> {
    serde_json::from_str(text)
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Device {
    Gpu,
    Cpu,
}

impl Args {
    fn context(&self) -> embag::Result<Context> {
        let mut options = ContextOptions::new();
        (options.tuning, options.checked_shaders) = (self.tuning, self.checked_shaders);
        options.cooperative_matrices = self.cooperative;
        match self.device {
            Some(Device::Cpu) => Context::cpu_with(&options),
            Some(Device::Gpu) => Context::open_with(&options),
            None => match Context::open_with(&options) {
                Err(error @ Error::NoAdapter { .. }) => {
                    eprintln!("{error}; the CPU is used");
                    Ok(Context::cpu())
                }
                opened => opened,
            },
        }
    }

    fn wants(&self, ctx: &Context, run: &Run<'_>) -> bool {
        let variant = &run.kernel.variants[run.variant];
        ctx.supports(variant)
            && (self.all
                || variant.shape == Shape::Any
                || variant.shape == ctx.shape()
                    && (self.check || is_chosen(&ctx.tuning(), run.kernel, variant)))
            && self.filter.as_ref().is_none_or(|text| run.to_string().contains(text))
    }
}

/// Whether a variant is the one of its kernel that a tuning chooses.
fn is_chosen(tuning: &Tuning, kernel: &Kernel, variant: &Variant) -> bool {
    if kernel.name == "sort_scatter" {
        return variant.needs_subgroups() == (tuning.sort == SortVariant::Subgroup);
    }
    let chosen = [
        format!("rows{}", tuning.bag_rows),
        format!("threads{}", tuning.bag_workgroup),
        format!("{:?}", tuning.matmul),
    ];
    let is_choice = |part: &str| {
        let numbered = |name: &str| part.strip_prefix(name).is_some_and(|rest| rest.parse::<u32>().is_ok());
        numbered("rows")
            || numbered("threads")
            || MatmulTile::ALL.iter().any(|tile| part == format!("{tile:?}"))
    };
    variant.name.split('.').all(|part| !is_choice(part) || chosen.iter().any(|choice| choice == part))
}

/// A case with one of its variants.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    kernel: &'static Kernel,
    variant: usize,
    case: &'a Case,
}

impl std::fmt::Display for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}: {}", self.kernel.name, self.kernel.variants[self.variant].name, self.case.name)
    }
}

fn runs<'a>(kernel: &'static Kernel, cases: &'a [Case]) -> impl Iterator<Item = Run<'a>> {
    cases.iter().flat_map(move |case| case.variants.iter().map(move |&variant| Run { kernel, variant, case }))
}

fn main() -> ExitCode {
    run(&Args::parse(), &mut io::stdout().lock()).unwrap_or_else(|error| {
        match error.downcast_ref::<io::Error>() {
            // `| head` has seen enough
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            _ => eprintln!("error: {error}"),
        }
        ExitCode::FAILURE
    })
}

fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let ctx = args.context()?;
    if args.json {
        eprintln!("{ctx}");
    } else {
        writeln!(out, "{ctx}\n")?;
    }
    if args.tune {
        let tuned = ctx.tune()?;
        if args.json {
            writeln!(out, "{}", serde_json::to_string(&tuned)?)?;
        } else {
            writeln!(out, "{tuned}\n")?;
        }
    }
    if args.check {
        return check::check(&ctx, args, out);
    }
    let rates = rates::Rates::of(&ctx)?;
    report::rates(out, args.json, &ctx, &rates)?;
    let lines = lines::measure(&ctx, args, &rates)?;
    report::lines(out, args.json, &lines)?;
    // tables are of no one kernel
    if args.filter.is_none() {
        report::tables(out, args.json, &tables::measure(&ctx, &rates)?)?;
    }
    if let Some(path) = &args.plot {
        plot::write(path, &ctx.device_name(), &lines)?;
    }
    Ok(ExitCode::SUCCESS)
}
