//! How fast every kernel is on this machine, against how fast it can copy memory, or make products and sums
//! of `f32` where arithmetic is what counts; `--check`: whether it computes right. Cases that fit into a
//! cache may be faster than the copy, and products of bytes and of 16-bit floats than those of `f32`.
//!
//! ```text
//! cargo run --release -p embag-benches --bin roofline -- \
//!     [--device gpu|cpu] [--filter TEXT] [--all-variants] [--json | --check]
//! ```

use std::error::Error as StdError;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use embag::kernel::{Case, Kernel, Shape};
use embag::parity::{Arithmetic, Prepared, compare, run_case};
use embag::{Context, Error, Recorder, kernels};
use serde::Serialize;

type Result<T, E = Box<dyn StdError>> = std::result::Result<T, E>;

/// Measures every kernel against the bandwidth of a copy or the rate of arithmetic, or checks every kernel
/// against its CPU twin.
#[derive(Debug, Parser)]
struct Args {
    /// The best adapter or the CPU; without it the best adapter, and the CPU if there is none.
    #[arg(long, value_enum)]
    device: Option<Device>,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
    /// Also the variants that are meant for other kinds of device.
    #[arg(long)]
    all_variants: bool,
    /// Only lines whose `kernel.variant: case` contains this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Runs every test case of this device and prints those that fail; exit code 1 if one does.
    #[arg(long, conflicts_with = "json")]
    check: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Device {
    Gpu,
    Cpu,
}

impl Args {
    fn context(&self) -> embag::Result<Context> {
        match self.device {
            Some(Device::Cpu) => Ok(Context::cpu()),
            Some(Device::Gpu) => Context::open(),
            None => match Context::open() {
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
            && (self.all_variants || variant.shape == Shape::Any || variant.shape == ctx.shape())
            && self.filter.as_ref().is_none_or(|text| run.to_string().contains(text))
    }
}

/// A case with one of its variants.
#[derive(Debug)]
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
        writeln!(out, "{ctx}")?;
    }
    if args.check { check(&ctx, args, out) } else { measure(&ctx, args, out).map(|()| ExitCode::SUCCESS) }
}

// ---- measuring
// ------------------------------------------------------------------------------------------------------

/// Bytes of each of the two buffers between which is copied: beyond the caches.
const COPY: u64 = 64 << 20;
/// The same on real GPUs, where copies of less do not last long enough.
const COPY_ON_GPU: u64 = 512 << 20;
/// A submission must last this long, so that what it costs by itself does not count.
const LEAST: Duration = Duration::from_millis(5);
/// A recorder is not made longer than this.
const MOST_TIMES: usize = 4096;
/// How many submissions the median is taken of, and when to be content with fewer.
const SUBMISSIONS: usize = 15;
const ENOUGH: Duration = Duration::from_millis(400);
const FEWEST: usize = 3;
/// Above this, floating-point operations per byte, arithmetic is what counts.
const COMPUTE_BOUND: f64 = 8.0;

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line<'a> {
    kernel: &'a str,
    variant: &'a str,
    case: &'a str,
    microseconds: f64,
    bytes: u64,
    flops: u64,
    gb_per_s: f64,
    gflop_per_s: f64,
    /// What counts, and the share of what the device has of it: of the copy's GB/s, or of the GFLOP/s of
    /// `f32`.
    bound: Bound,
    share: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    Memory,
    Arithmetic,
}

#[derive(Debug, Serialize)]
struct Header<'a> {
    device: &'a str,
    driver: &'a str,
    copy_gb_per_s: f64,
    f32_gflop_per_s: f64,
}

fn measure(ctx: &Context, args: &Args, out: &mut impl Write) -> Result<()> {
    let (copy, peak) = (copy_gb_per_s(ctx)?, f32_gflop_per_s(ctx)?);
    if args.json {
        let header = Header {
            device: &ctx.device_name(),
            driver: &ctx.driver(),
            copy_gb_per_s: copy,
            f32_gflop_per_s: peak,
        };
        writeln!(out, "{}", serde_json::to_string(&header)?)?;
    } else {
        writeln!(out, "copy      {copy:.1} GB/s (read and written)")?;
        writeln!(out, "f32       {peak:.1} GFLOP/s (products and sums)\n")?;
    }
    let mut lines = 0;
    for kernel in kernels::ALL {
        let cases = (kernel.cases)();
        for run in runs(kernel, &cases).filter(|run| run.case.bench && args.wants(ctx, run)) {
            let prepared = Prepared::new(ctx, kernel, run.variant, run.case)?;
            let seconds = seconds(|times| prepared.run(times))?;
            let (bytes, flops) = (run.case.bytes, run.case.flops);
            let gb_per_s = bytes as f64 / seconds * 1e-9;
            let gflop_per_s = flops as f64 / seconds * 1e-9;
            let (bound, share) = match flops as f64 <= COMPUTE_BOUND * bytes as f64 {
                true => (Bound::Memory, gb_per_s / copy),
                false => (Bound::Arithmetic, gflop_per_s / peak),
            };
            let line = Line {
                kernel: kernel.name,
                variant: kernel.variants[run.variant].name,
                case: &run.case.name,
                microseconds: seconds * 1e6,
                bytes,
                flops,
                gb_per_s,
                gflop_per_s,
                bound,
                share,
            };
            if args.json {
                writeln!(out, "{}", serde_json::to_string(&line)?)?;
            } else {
                if lines == 0 {
                    let title = ["kernel", "variant", "us", "", "share", "case"].map(str::to_owned);
                    writeln!(out, "{}", aligned(&title))?;
                }
                writeln!(out, "{}", aligned(&columns(&line)))?;
            }
            lines += 1;
        }
    }
    if lines == 0 {
        return Err("no case matches the filter".into());
    }
    Ok(())
}

fn columns(line: &Line<'_>) -> [String; 6] {
    let rate = match line.bound {
        Bound::Memory => format!("{:.2} GB/s", line.gb_per_s),
        Bound::Arithmetic => format!("{:.1} GFLOP/s", line.gflop_per_s),
    };
    let (time, share) = (format!("{:.1}", line.microseconds), format!("{:.0} %", line.share * 100.0));
    [line.kernel.to_owned(), line.variant.to_owned(), time, rate, share, line.case.to_owned()]
}

fn aligned([kernel, variant, time, rate, share, case]: &[String; 6]) -> String {
    format!("{kernel:<18}{variant:<30}{time:>12}{rate:>16}{share:>10}  {case}")
}

fn copy_gb_per_s(ctx: &Context) -> embag::Result<f64> {
    let size = if ctx.shape() == Shape::Wide { COPY_ON_GPU } else { COPY };
    let size = size.min(ctx.limits().buffer);
    let (source, target) = (ctx.allocate("roofline.source", size)?, ctx.allocate("roofline.target", size)?);
    let seconds = seconds(|times| {
        let mut rec = Recorder::new(ctx);
        for _ in 0..times {
            rec.copy(&source, &target)?;
        }
        rec.run()
    })?;
    Ok(2.0 * size as f64 / seconds * 1e-9)
}

/// What `arithmetic` makes: its bench case.
fn f32_gflop_per_s(ctx: &Context) -> Result<f64> {
    let kernel = kernels::ALL.iter().find(|kernel| kernel.name == "arithmetic").ok_or("no such kernel")?;
    let cases = (kernel.cases)();
    let case = cases.iter().find(|case| case.bench).ok_or("it has no bench case")?;
    let prepared = Prepared::new(ctx, kernel, 0, case)?;
    let seconds = seconds(|times| prepared.run(times))?;
    Ok(case.flops as f64 / seconds * 1e-9)
}

/// Seconds for one run: the median over submissions of as many runs as take [`LEAST`] together.
fn seconds(mut submit: impl FnMut(usize) -> embag::Result<()>) -> embag::Result<f64> {
    let mut timed = |times: usize| {
        let start = Instant::now();
        submit(times).map(|()| start.elapsed())
    };
    timed(1)?; // pipelines are built, caches filled
    let mut times = 1;
    loop {
        let taken = timed(times)?;
        if taken >= LEAST || times == MOST_TIMES {
            break;
        }
        // a fifth more, and never more than eight times as many: what was measured at first may be mostly the
        // submission
        let wanted = times as u128 * 6 * LEAST.as_nanos() / (5 * taken.as_nanos().max(1)) + 1;
        times = usize::try_from(wanted).unwrap_or(MOST_TIMES).min(times * 8).min(MOST_TIMES);
    }
    let (start, mut taken) = (Instant::now(), Vec::new());
    while taken.len() < FEWEST || (taken.len() < SUBMISSIONS && start.elapsed() < ENOUGH) {
        taken.push(timed(times)?.as_secs_f64() / times as f64);
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken[taken.len() / 2])
}

// ---- checking
// -------------------------------------------------------------------------------------------------------

fn check(ctx: &Context, args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let twins = Context::cpu();
    let arithmetic = Arithmetic::of(ctx);
    let (mut passed, mut failed) = (0, 0);
    writeln!(out)?;
    for kernel in kernels::ALL {
        let cases = (kernel.cases)();
        for run in runs(kernel, &cases).filter(|run| args.wants(ctx, run)) {
            let result = run_case(&twins, kernel, run.variant, run.case)
                .and_then(|twin| Ok((twin, run_case(ctx, kernel, run.variant, run.case)?)));
            let fault = match result {
                Err(error) => Some(error.to_string()),
                Ok((twin, got)) => {
                    compare(kernel, run.case, arithmetic, &twin, &got).map(|mismatch| mismatch.to_string())
                }
            };
            match fault {
                None => passed += 1,
                Some(fault) => {
                    failed += 1;
                    writeln!(out, "{run}: {fault}")?;
                }
            }
        }
    }
    writeln!(out, "{passed} cases agree with the CPU, {failed} do not")?;
    Ok(if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
