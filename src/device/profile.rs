//! Where the time of a submission goes.

use std::fmt;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use super::gpu::Timing;
use super::{Backend, Recorder};
use crate::Result;

/// What one kernel, or one kind of copy, took together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelTime {
    /// The kernel's name, as in `docs/kernels.md`; or `copy`, `clear` (zeros), `readback` or, on the CPU,
    /// `upload`.
    pub kernel: &'static str,
    /// How often it ran.
    pub calls: u64,
    /// Time on the device.
    pub time: Duration,
    /// Bytes that it read and wrote, at most: of tables the rows that its ids may name, of all else what was
    /// bound. (A value that is both read and written counts once.)
    pub bytes: u64,
}

/// The device time of every kernel of a submission, from [`Recorder::profile`], longest first.
///
/// On a GPU it is the difference of timestamps before and after each dispatch; where the device writes
/// timestamps inside passes, one dispatch begins where the one before it ended, so that the times add up to
/// what the device took. On the CPU it is the time of each twin. Profiles add up: `profile += rec.profile()?`.
///
/// ```
/// use embag::{Context, EmbeddingBags, Matrix, Pooling, Profile, Recorder, Table};
///
/// let ctx = Context::cpu();
/// let bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(500).dim(16))
///     .feature("liked", "movie", Pooling::Sum)
///     .build()?;
/// let batch = bags.batch().bags("liked", &[7u32, 3, 9], &[2, 1]).build()?;
/// let pooled = Matrix::zeros(&ctx, 2, 16)?;
///
/// let mut profile = Profile::default();
/// for _step in 0..10 {
///     let mut rec = Recorder::new(&ctx);
///     bags.record_forward(&mut rec, &batch, &pooled)?;
///     profile += rec.profile()?; // instead of `rec.run()?`
/// }
/// assert_eq!((profile.kernels()[0].kernel, profile.kernels()[0].calls), ("bag_forward", 10));
/// println!("{profile}");
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Profile {
    kernels: Vec<KernelTime>,
    submissions: u64,
    wall: Duration,
}

impl Profile {
    /// Every kernel that ran, the one that took longest first.
    #[must_use]
    pub fn kernels(&self) -> &[KernelTime] {
        &self.kernels
    }

    /// The time of all kernels together.
    #[must_use]
    pub fn device_time(&self) -> Duration {
        self.kernels.iter().map(|kernel| kernel.time).sum()
    }

    /// The time from the submissions until they were done, as the caller's clock saw it: device time, what
    /// submitting and waiting cost, and uploads.
    #[must_use]
    pub fn wall_time(&self) -> Duration {
        self.wall
    }

    /// How many submissions it is of.
    #[must_use]
    pub fn submissions(&self) -> u64 {
        self.submissions
    }

    fn add(&mut self, more: KernelTime) {
        match self.kernels.iter_mut().find(|known| known.kernel == more.kernel) {
            Some(known) => {
                known.calls += more.calls;
                known.time += more.time;
                known.bytes += more.bytes;
            }
            None => self.kernels.push(more),
        }
    }

    fn sort(&mut self) {
        self.kernels.sort_by_key(|kernel| std::cmp::Reverse(kernel.time));
    }
}

impl AddAssign for Profile {
    fn add_assign(&mut self, other: Self) {
        other.kernels.into_iter().for_each(|kernel| self.add(kernel));
        self.submissions += other.submissions;
        self.wall += other.wall;
        self.sort();
    }
}

/// A line for each kernel, the one that took longest first, and their sum beside the wall time.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let all = self.device_time();
        let share = |time: Duration| 100.0 * time.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE);
        writeln!(
            f,
            "{:<24}{:>8}{:>14}{:>9}{:>12}{:>10}",
            "kernel", "calls", "time, us", "share", "MB", "GB/s"
        )?;
        for KernelTime { kernel, calls, time, bytes } in &self.kernels {
            let rate = *bytes as f64 * 1e-9 / time.as_secs_f64().max(f64::MIN_POSITIVE);
            let rate = if time.is_zero() { "-".to_owned() } else { format!("{rate:.1}") };
            let (us, percent, mb) = (micros(*time), share(*time), *bytes as f64 * 1e-6);
            writeln!(f, "{kernel:<24}{calls:>8}{us:>14.1}{percent:>7.1} %{mb:>12.2}{rate:>10}")?;
        }
        let calls: u64 = self.kernels.iter().map(|kernel| kernel.calls).sum();
        writeln!(f, "{:<24}{calls:>8}{:>14.1}", "together", micros(all))?;
        let (submissions, wall) = (self.submissions, micros(self.wall));
        write!(f, "{:<24}{submissions:>8}{wall:>14.1}", "submissions, wall time")
    }
}

impl Recorder {
    /// [`Recorder::run`], with the time of every kernel.
    ///
    /// The submission is one like every other, but for the timestamps; on devices that write them only around
    /// passes, each dispatch gets a pass of its own, which takes a few microseconds more.
    ///
    /// # Errors
    /// As [`Recorder::run`], and [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the device has no
    /// timestamps (the wgpu feature `TIMESTAMP_QUERY`, which [`Context::open`](crate::Context::open) asks for
    /// where there is one).
    pub fn profile(self) -> Result<Profile> {
        let ctx = self.context().clone();
        let status = self.status_command();
        let work: Vec<_> = self.commands.iter().chain(&status).map(|c| (c.name(), c.bytes())).collect();
        let mut timing = match ctx.backend() {
            Backend::Gpu(gpu) => Some(Timing::new(gpu, work.len())?),
            Backend::Cpu(_) => None,
        };
        let start = Instant::now();
        let (submission, mut times) = self.submit_timed(timing.as_mut())?;
        submission.wait()?;
        let mut profile = Profile { kernels: Vec::new(), submissions: 1, wall: start.elapsed() };
        if let (Backend::Gpu(gpu), Some(timing)) = (ctx.backend(), timing) {
            times = timing.read(gpu)?;
        }
        for (command, time) in times {
            let (kernel, bytes) = work[command];
            profile.add(KernelTime { kernel, calls: 1, time, bytes });
        }
        profile.sort();
        Ok(profile)
    }
}
