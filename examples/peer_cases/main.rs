//! The peers' cases on this crate: the same inputs bit for bit, the same JSON lines.
//!
//! Timed is recording, submitting and waiting, with inputs resident and checked, without readback; on a GPU
//! also the time on the device, and a call of 32 submissions with one wait. The program starts itself again with the thread variables of rayon and of Mesa's software adapter set.
#![allow(
    clippy::cast_possible_truncation,
    reason = "sizes of the cases are constants that fit, and the generators cut numbers on purpose"
)]

mod bags;
mod chunked;
mod dense;
mod dhen;
mod inputs;
mod low_precision;
mod measure;
mod quantized;
mod raw_ids;
mod sort;
mod variable;

use std::process::{Command, ExitCode};

use clap::{Parser, ValueEnum};
use embag::dense::Module;
use embag::quant::RowFormat;
use embag::{Context, Result, Tuning};

use measure::Measure;

#[derive(Parser)]
#[command(about = "Times the cases that other libraries are timed with, one JSON line each")]
struct Args {
    /// Where to run: the CPU, or the best adapter (software ones included).
    #[arg(long, value_enum, default_value = "cpu")]
    device: Device,
    /// Threads of the CPU twins and of software adapters.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Choices between kernels as JSON, such as {"bag_rows": 8}; what is not named is as it is for a
    /// discrete GPU.
    #[arg(long, value_name = "JSON", value_parser = tuning)]
    tuning: Option<Tuning>,
    /// Case prefixes, separated by commas; all if empty.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Device {
    Cpu,
    Gpu,
}

fn tuning(text: &str) -> std::result::Result<Tuning, serde_json::Error> {
    serde_json::from_str(text)
}

/// Set for the process that measures.
const CHILD: &str = "EMBAG_PEER_CASES_CHILD";

fn main() -> ExitCode {
    let args = Args::parse();
    if std::env::var_os(CHILD).is_none() {
        return respawn(args.threads);
    }
    if let Some(unknown) = args.only.iter().find(|only| !CASES.iter().any(|(name, _)| selects(only, name))) {
        let names: Vec<_> = CASES.iter().map(|(name, _)| *name).collect();
        eprintln!("error: --only: expected prefixes of {}, got {unknown}", names.join(", "));
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

fn respawn(threads: usize) -> ExitCode {
    let status = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(CHILD, "1")
            .env("RAYON_NUM_THREADS", threads.to_string())
            .env("LP_NUM_THREADS", threads.to_string())
            .status()
    });
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: starting again with {threads} threads: {error}");
            ExitCode::FAILURE
        }
    }
}

type Run = fn(&Context, &Measure) -> Result<()>;

/// Every case by the prefix that `--only` selects it with.
const CASES: &[(&str, Run)] = &[
    ("E1", |ctx, m| bags::forward(ctx, m, "E1", bags::ROWS, 64, 20)),
    ("E3_step_rowwise_adagrad", |ctx, m| bags::step(ctx, m, "rowwise_adagrad")),
    ("E3_step_adagrad", |ctx, m| bags::step(ctx, m, "adagrad")),
    ("E3_step_sgd", |ctx, m| bags::step(ctx, m, "sgd")),
    ("E3_step_adam", |ctx, m| bags::step(ctx, m, "adam")),
    ("E4_fwd_fp16", bags::forward_half),
    ("E4_fwd_int8", |ctx, m| quantized::forward(ctx, m, "int8", RowFormat::Int8)),
    ("E4_fwd_int4", |ctx, m| quantized::forward(ctx, m, "int4", RowFormat::Int4)),
    ("E4_fwd_int2", |ctx, m| quantized::forward(ctx, m, "int2", RowFormat::Int2)),
    ("H_step_sgd", |ctx, m| bags::hot_step(ctx, m, "sgd")),
    ("H_step_rowwise_adagrad", |ctx, m| bags::hot_step(ctx, m, "rowwise_adagrad")),
    ("E2", |ctx, m| bags::forward(ctx, m, "E2", bags::ROWS, 128, 1)),
    ("E2", |ctx, m| bags::forward(ctx, m, "E2", bags::ROWS, 128, 50)),
    ("B1", bags::gather),
    ("B2_scatter", |ctx, m| bags::scatter(ctx, m, false)),
    ("B2b", |ctx, m| bags::scatter(ctx, m, true)),
    ("B3", dense::product),
    ("I1_dot_fwd_B", |ctx, m| dense::dots(ctx, m, false, false)),
    ("I1_dot_fwd_concat", |ctx, m| dense::dots(ctx, m, true, false)),
    ("I1_dot_fwdbwd", |ctx, m| dense::dots(ctx, m, false, true)),
    ("I1_dcnv2_full", |ctx, m| dense::cross(ctx, m, None)),
    ("I1_dcnv2_lowrank512", |ctx, m| dense::cross(ctx, m, Some(512))),
    ("I2_dot", |ctx, m| dhen::module(ctx, m, "dot", Module::Dot { hidden: None })),
    ("I2_norm_of_sum", dhen::norm_of_sum),
    ("I2_linear", |ctx, m| dhen::module(ctx, m, "linear", Module::Linear)),
    ("I2_attention", |ctx, m| dhen::module(ctx, m, "attention", Module::Attention { heads: 2, ff: 128 })),
    ("I2_step", dhen::step),
    ("M1_fp32", low_precision::fp32),
    ("M1_fp16", low_precision::fp16),
    ("M1_int4", low_precision::int4),
    ("M1_int8dyn", low_precision::int8_dynamic),
    ("M1_int8static", low_precision::int8_static),
    ("R1", raw_ids::step),
    ("C1", chunked::forward),
    ("C2", chunked::adjust),
    ("V1", variable::gather),
    ("V2", variable::scatter),
    ("P1_sort_pairs_65536", |ctx, m| sort::pairs(ctx, m, 1 << 16)),
    ("P1_sort_pairs_1048576", |ctx, m| sort::pairs(ctx, m, 1 << 20)),
    ("P1_sort_pairs_16777216", |ctx, m| sort::pairs(ctx, m, 1 << 24)),
    ("S", bags::scaling),
];

/// Whether a prefix, which may be longer than our name of the case, selects it.
fn selects(only: &str, name: &str) -> bool {
    name.starts_with(only) || only.starts_with(name)
}

fn run(args: &Args) -> Result<()> {
    let ctx = match args.device {
        Device::Cpu => Context::cpu(),
        Device::Gpu => Context::open()?,
    };
    if let Some(tuning) = args.tuning {
        ctx.set_tuning(tuning)?;
    }
    eprintln!("{ctx}\n{}", ctx.tuning());
    let kind = if ctx.is_cpu() { "cpu".to_owned() } else { ctx.device_name() };
    let peer = format!("embag {} {kind}", env!("CARGO_PKG_VERSION"));
    let measure = Measure { peer, threads: args.threads, gpu: !ctx.is_cpu() };
    for (name, case) in CASES {
        if args.only.is_empty() || args.only.iter().any(|only| selects(only, name)) {
            case(&ctx, &measure)?;
        }
    }
    Ok(())
}
