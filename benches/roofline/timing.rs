//! Medians of submissions.

use std::time::{Duration, Instant};

/// A submission must take the device this long, so that its clocks are up.
const LEAST: Duration = Duration::from_millis(3);
/// A recorder is not made longer than this.
const MOST_TIMES: usize = 1024;
/// How many submissions the median is taken of, and when to be content with fewer.
const SUBMISSIONS: usize = 11;
const ENOUGH: Duration = Duration::from_millis(120);
const FEWEST: usize = 3;

/// Seconds of one run: the median over submissions, each of as many runs as take [`LEAST`] together. `time`
/// gives the mean time of so many runs of one submission.
pub(crate) fn seconds(time: impl Fn(usize) -> embag::Result<Duration>) -> embag::Result<f64> {
    // pipelines are built, caches filled
    let mut once = time(1)?;
    let mut times = 1;
    loop {
        let wanted = LEAST.as_nanos() / once.as_nanos().max(1) + 1;
        let more = usize::try_from(wanted).unwrap_or(MOST_TIMES).min(times * 8).min(MOST_TIMES);
        if more <= times {
            break;
        }
        times = more;
        once = time(times)?;
    }
    let (start, mut taken) = (Instant::now(), vec![once.as_secs_f64()]);
    while taken.len() < FEWEST || (taken.len() < SUBMISSIONS && start.elapsed() < ENOUGH) {
        taken.push(time(times)?.as_secs_f64());
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken[taken.len() / 2])
}
