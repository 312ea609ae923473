//! What the device can do: copies, reads, arithmetic, and what a dispatch costs by itself.

use std::time::Duration;

use embag::kernel::{Kernel, Shape};
use embag::measured::Measured;
use embag::{Buffer, Context, Profile, Recorder, kernels};
use serde::Serialize;

use crate::Result;
use crate::timing::seconds;

/// Bytes of each of the two buffers between which is copied: beyond the caches.
const COPY: u64 = 64 << 20;
/// The same on real GPUs, whose caches are larger, and whose copies of less do not last long enough.
const COPY_ON_GPU: u64 = 1 << 30;

/// Rates of the device.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Rates {
    /// Bytes of a copy, from there and to there.
    pub(crate) copied: u64,
    /// A copy by the API's own command (`vkCmdCopyBuffer`); read and written bytes count.
    pub(crate) transfer_gb_per_s: Option<f64>,
    /// A copy by a kernel, four coalesced vectors a thread.
    pub(crate) copy_gb_per_s: f64,
    /// A kernel that only reads.
    pub(crate) read_gb_per_s: f64,
    /// Products and sums of `f32`.
    pub(crate) f32_gflop_per_s: f64,
    /// A dispatch of one workgroup that does nothing, one of many.
    pub(crate) dispatch_us: f64,
}

impl Rates {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let limits = ctx.limits();
        let wanted = if ctx.shape() == Shape::Wide { COPY_ON_GPU } else { COPY };
        let copied = wanted.min(limits.buffer).min(limits.binding) / 4096 * 4096;
        let [source, target] = ["source", "target"].map(|label| ctx.allocate(label, copied));
        let (source, target) = (source?, target?);
        let gb_per_s = |bytes: u64, seconds: f64| bytes as f64 / seconds * 1e-9;

        let transfer = seconds(|times| transfer(ctx, [&source, &target], times))?;
        let quads = u32::try_from(copied / 16)?;
        let copy = {
            let bindings = vec![source.clone(), target.clone()];
            let measured =
                Measured::on(ctx, kernel("copy_words")?, &[quads], bindings, quads.div_ceil(4 * 256))?;
            seconds(|times| measured.time(times))?
        };
        let read = {
            let groups = quads.div_ceil(16 * 256);
            let sums = ctx.allocate("sums", u64::from(groups) * 4)?;
            let measured =
                Measured::on(ctx, kernel("sum_words")?, &[quads, groups], vec![source, sums], groups)?;
            seconds(|times| measured.time(times))?
        };
        Ok(Self {
            copied,
            // devices that write timestamps only in passes do not time it
            transfer_gb_per_s: (transfer > 0.0).then(|| gb_per_s(2 * copied, transfer)),
            copy_gb_per_s: gb_per_s(2 * copied, copy),
            read_gb_per_s: gb_per_s(copied, read),
            f32_gflop_per_s: of_case(ctx, "arithmetic", |seconds, flops| flops as f64 / seconds * 1e-9)?,
            dispatch_us: of_case(ctx, "nothing", |seconds, _| seconds * 1e6)?,
        })
    }

    /// The fastest way to memory.
    pub(crate) fn memory_gb_per_s(&self) -> f64 {
        self.copy_gb_per_s.max(self.read_gb_per_s).max(self.transfer_gb_per_s.unwrap_or(0.0))
    }
}

fn transfer(ctx: &Context, [source, target]: [&Buffer; 2], times: usize) -> embag::Result<Duration> {
    let mut rec = Recorder::new(ctx);
    for _ in 0..times {
        rec.copy(source, target)?;
    }
    let profile: Profile = rec.profile()?;
    Ok(profile.device_time().div_f64(times as f64))
}

fn kernel(name: &str) -> Result<&'static Kernel> {
    let found = kernels::ALL.iter().find(|kernel| kernel.name == name);
    found.copied().ok_or_else(|| format!("no kernel {name}").into())
}

/// What the bench case of a kernel, or else its first case, comes to, by the seconds that it takes and its floating-point operations.
fn of_case(ctx: &Context, name: &str, rate: impl Fn(f64, u64) -> f64) -> Result<f64> {
    let kernel = kernel(name)?;
    let cases = (kernel.cases)();
    let case = cases.iter().find(|case| case.bench).or(cases.first()).ok_or("it has no case")?;
    let measured = Measured::case(ctx, kernel, 0, case)?;
    Ok(rate(seconds(|times| measured.time(times))?, case.flops))
}
