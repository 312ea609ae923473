//! Requests one after the other.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::data::Examples;
use crate::error::RunError;
use crate::evaluation::{TestSet, logits, logits_of};
use crate::served::Served;

/// How long requests took, from host data to log odds on the host.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Timing {
    pub requests: usize,
    pub batch: usize,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub examples_per_s: f64,
}

/// Checks that a model that was read gives the numbers of the one that was written, then serves with it.
pub fn serve(
    written: &Served,
    read: &Served,
    tests: &TestSet,
    pool: &[Examples],
    requests: usize,
    path: &Path,
) -> Result<Timing, RunError> {
    let bits = |model: &Served| -> Result<Vec<u32>, RunError> {
        Ok(logits(model, &tests.held_out)?.into_iter().map(f32::to_bits).collect())
    };
    if bits(written)? != bits(read)? {
        return Err(RunError::Differs { path: path.to_owned() });
    }
    let mut times = Vec::with_capacity(requests);
    let mut examples = 0;
    // what is allocated once is not timed
    for request in pool.iter().cycle().take(3) {
        logits_of(read, request)?;
    }
    for request in pool.iter().cycle().take(requests) {
        let start = Instant::now();
        logits_of(read, request)?;
        times.push(start.elapsed().as_secs_f64());
        examples += request.len();
    }
    let total: f64 = times.iter().sum();
    times.sort_by(f64::total_cmp);
    // the percentile: the smallest time that this share of the requests does not exceed
    let percentile = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1] * 1e3;
    Ok(Timing {
        requests,
        batch: pool.iter().map(Examples::len).max().unwrap_or(0),
        p50_ms: percentile(50),
        p95_ms: percentile(95),
        p99_ms: percentile(99),
        examples_per_s: examples as f64 / total,
    })
}
