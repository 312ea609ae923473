//! A line for a kernel.

use embag::kernel::Case;
use embag::measured::Measured;
use embag::{Context, kernels};
use serde::Serialize;

use crate::rates::Rates;
use crate::timing::seconds;
use crate::{Args, Result, Run, runs};

/// Above this, floating-point operations per byte, arithmetic is what counts.
const COMPUTE_BOUND: f64 = 8.0;
/// More than this of what the device can do is an error of measuring.
const POSSIBLE: f64 = 1.05;

/// What `rates.rs` measures.
const RATES: [&str; 5] = ["probe", "arithmetic", "nothing", "copy_words", "sum_words"];

/// What a kernel did, in one case.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) kernel: &'static str,
    pub(crate) variant: &'static str,
    pub(crate) case: String,
    pub(crate) microseconds: f64,
    pub(crate) bytes: u64,
    pub(crate) flops: u64,
    pub(crate) gb_per_s: f64,
    pub(crate) gflop_per_s: f64,
    /// What counts, and the share of what the device has of it: of the fastest way to memory, or of the
    /// GFLOP/s of `f32`.
    pub(crate) bound: Bound,
    pub(crate) share: f64,
    /// What it takes longer than that would.
    pub(crate) lost_us: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    Memory,
    Arithmetic,
}

impl Line {
    /// Whether it is faster than the device can be: it was measured in a cache, or its bytes or operations
    /// are counted too high.
    pub(crate) fn is_impossible(&self) -> bool {
        self.share > POSSIBLE
    }
}

/// Measures the kernels that the arguments ask for; those that lose most time come first.
pub(crate) fn measure(ctx: &Context, args: &Args, rates: &Rates) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for kernel in kernels::ALL.iter().filter(|kernel| !RATES.contains(&kernel.name)) {
        let cases = (kernel.cases)();
        let wanted: Vec<_> =
            runs(kernel, &cases).filter(|run| run.case.bench && args.wants(ctx, run)).collect();
        // the main case is the one with most work: what lasts and fits no cache says most; the first of equals
        let main = wanted.iter().rev().max_by(|a, b| work(a.case).total_cmp(&work(b.case)));
        for run in if args.all { &wanted[..] } else { main.map_or(&[][..], std::slice::from_ref) } {
            lines.push(line(ctx, run, rates)?);
        }
    }
    if lines.is_empty() {
        return Err("no case matches the filter".into());
    }
    lines.sort_by(|a, b| b.lost_us.total_cmp(&a.lost_us));
    Ok(lines)
}

/// How much there is to do, by what bounds it.
fn work(case: &Case) -> f64 {
    (case.bytes as f64).max(case.flops as f64 / COMPUTE_BOUND)
}

fn line(ctx: &Context, run: &Run<'_>, rates: &Rates) -> Result<Line> {
    let measured = Measured::case(ctx, run.kernel, run.variant, run.case)?;
    let seconds = seconds(|times| measured.time(times))?;
    let (bytes, flops) = (run.case.bytes, run.case.flops);
    let (gb_per_s, gflop_per_s) = (bytes as f64 / seconds * 1e-9, flops as f64 / seconds * 1e-9);
    let (bound, share) = match flops as f64 <= COMPUTE_BOUND * bytes as f64 {
        true => (Bound::Memory, gb_per_s / rates.memory_gb_per_s()),
        false => (Bound::Arithmetic, gflop_per_s / rates.f32_gflop_per_s),
    };
    Ok(Line {
        kernel: run.kernel.name,
        variant: run.kernel.variants[run.variant].name,
        case: run.case.name.clone(),
        microseconds: seconds * 1e6,
        bytes,
        flops,
        gb_per_s,
        gflop_per_s,
        bound,
        share,
        lost_us: seconds * 1e6 * (1.0 - share),
    })
}
