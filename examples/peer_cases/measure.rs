//! Times a case the way the peers are timed, and prints it in their format.

use std::time::Instant;

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
}

impl Measure {
    /// Times `run` at least 7 times and for a second, 60 times at most, after a warm-up. `checksum` is of the
    /// first call on fresh inputs.
    pub(crate) fn case(
        &self,
        case: &str,
        note: &str,
        work: Work,
        checksum: (f64, f64),
        mut run: impl FnMut() -> embag::Result<()>,
    ) -> embag::Result<()> {
        let start = Instant::now();
        let mut warm = 0;
        while warm < 3 || (start.elapsed().as_secs_f64() < 0.2 && warm < 100) {
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
        let median = (times[times.len() / 2] + times[(times.len() - 1) / 2]) / 2.0;
        let rate = |amount: u64| (amount > 0).then(|| round(amount as f64 / median / 1e9));
        let line = Line {
            case,
            peer: &self.peer,
            threads: self.threads,
            ms: round(median * 1e3),
            ms_min: round(times[0] * 1e3),
            ms_max: round(times[times.len() - 1] * 1e3),
            runs: times.len(),
            gbps: rate(work.bytes),
            gflops: rate(work.flops),
            checksum: checksum.0,
            checksum_abs: checksum.1,
            noisy: median > times[0] * 1.15,
            note,
        };
        // a struct of numbers and strings always serialises
        println!("{}", serde_json::to_string(&line).unwrap_or_default());
        Ok(())
    }
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Sum and sum of absolute values, in `f64`.
pub(crate) fn checksum<'a>(values: impl IntoIterator<Item = &'a f32>) -> (f64, f64) {
    values.into_iter().fold((0.0, 0.0), |(sum, abs), &v| (sum + f64::from(v), abs + f64::from(v).abs()))
}
