//! Times a case the way the peers are timed, and prints it in their format.

use std::time::{Duration, Instant};

use embag::{Recorder, Result};
use serde::Serialize;

/// What a case moves and computes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Work {
    pub(crate) bytes: u64,
    pub(crate) flops: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    case: &'a str,
    peer: &'a str,
    threads: usize,
    ms: f64,
    ms_min: f64,
    ms_max: f64,
    /// Of all kernels and copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_ms: Option<f64>,
    /// A call, of 32 submissions with one wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    of_32_ms: Option<f64>,
    runs: usize,
    gbps: Option<f64>,
    gflops: Option<f64>,
    checksum: f64,
    checksum_abs: f64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    noisy: bool,
    note: &'a str,
}

/// Who measures.
pub(crate) struct Measure {
    pub(crate) peer: String,
    pub(crate) threads: usize,
    /// On a GPU: time on the device, and of many submissions, too.
    pub(crate) gpu: bool,
}

/// The device is kept busy this long before a case, for its clocks.
const BUSY: Duration = Duration::from_millis(500);
/// Submissions with one wait.
const SUBMISSIONS: usize = 32;
/// For each of the other two ways to measure.
const ENOUGH: Duration = Duration::from_millis(500);
const MOST: usize = 20;

impl Measure {
    /// Times what is recorded, submitted and waited for, and on a GPU also its time on the device, and a call
    /// of [`SUBMISSIONS`] with one wait. `checksum` is of the first call on fresh inputs.
    pub(crate) fn case(
        &self,
        case: &str,
        note: &str,
        work: Work,
        checksum: (f64, f64),
        mut record: impl FnMut() -> Result<Recorder>,
    ) -> Result<()> {
        let wall = wall_times(|| record()?.run())?;
        let mut gpu = Gpu::default();
        if self.gpu {
            let device = repeated(|| Ok(record()?.profile()?.device_time().as_secs_f64()))?;
            let together = repeated(|| {
                let start = Instant::now();
                for _ in 1..SUBMISSIONS {
                    drop(record()?.submit()?); // the last one is waited for
                }
                record()?.run()?;
                Ok(start.elapsed().as_secs_f64() / SUBMISSIONS as f64)
            })?;
            gpu = Gpu { device: Some(median(&device)), together: Some(median(&together)) };
        }
        self.print((case, note), work, checksum, &wall, gpu);
        Ok(())
    }

    /// Times a call that submits its work by itself.
    pub(crate) fn call(
        &self,
        case: &str,
        note: &str,
        work: Work,
        checksum: (f64, f64),
        run: impl FnMut() -> Result<()>,
    ) -> Result<()> {
        self.print((case, note), work, checksum, &wall_times(run)?, Gpu::default());
        Ok(())
    }

    fn print(&self, (case, note): (&str, &str), work: Work, checksum: (f64, f64), wall: &[f64], gpu: Gpu) {
        let median = median(wall);
        let rate = |amount: u64| (amount > 0).then(|| round(amount as f64 / median / 1e9));
        let ms = |seconds: f64| round(seconds * 1e3);
        let line = Line {
            case,
            peer: &self.peer,
            threads: self.threads,
            ms: ms(median),
            ms_min: ms(wall[0]),
            ms_max: ms(wall[wall.len() - 1]),
            device_ms: gpu.device.map(ms),
            of_32_ms: gpu.together.map(ms),
            runs: wall.len(),
            gbps: rate(work.bytes),
            gflops: rate(work.flops),
            checksum: checksum.0,
            checksum_abs: checksum.1,
            noisy: median > wall[0] * 1.15,
            note,
        };
        // a struct of numbers and strings always serialises
        println!("{}", serde_json::to_string(&line).unwrap_or_default());
    }
}

/// What is measured on a GPU alone, in seconds.
#[derive(Clone, Copy, Default)]
struct Gpu {
    device: Option<f64>,
    together: Option<f64>,
}

/// Seconds of at least 7 calls, for a second, 60 at most, after a warm-up; ascending.
fn wall_times(mut run: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    let start = Instant::now();
    let mut warm = 0;
    while warm < 3 || start.elapsed() < BUSY {
        run()?;
        warm += 1;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 7 || (start.elapsed().as_secs_f64() < 1.0 && times.len() < 60) {
        let begin = Instant::now();
        run()?;
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// What some runs give; ascending.
fn repeated(mut run: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    let start = Instant::now();
    let mut all = vec![run()?];
    while all.len() < MOST && start.elapsed() < ENOUGH {
        all.push(run()?);
    }
    all.sort_by(f64::total_cmp);
    Ok(all)
}

/// Of at least one value, ascending.
fn median(values: &[f64]) -> f64 {
    (values[values.len() / 2] + values[(values.len() - 1) / 2]) / 2.0
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Sum and sum of absolute values, in `f64`.
pub(crate) fn checksum<'a>(values: impl IntoIterator<Item = &'a f32>) -> (f64, f64) {
    values.into_iter().fold((0.0, 0.0), |(sum, abs), &v| (sum + f64::from(v), abs + f64::from(v).abs()))
}
