//! Which of two variants of a kernel is the faster one here, measured.

use std::time::{Duration, Instant};

use super::Gpu;
use crate::Result;
use crate::device::{Buffer, Command, Dispatch, Repr};

/// Products of one submission, and how often each variant is timed; the best counts.
const DISPATCHES: usize = 4;
const TIMES: usize = 3;

impl Gpu {
    /// A binding of `bytes` bytes of zeros.
    pub(super) fn zeros(&self, bytes: u32) -> Result<Buffer> {
        let size = u64::from(bytes);
        let repr = Repr::Gpu(self.allocate("embag.measured", size)?);
        Ok(Buffer { repr, home: 0, offset: 0, size, lease: None })
    }

    /// Whether the first takes no longer than the second.
    pub(super) fn is_faster(&self, first: &Dispatch, second: &Dispatch) -> Result<bool> {
        let time = |one: &Dispatch| -> Result<Duration> {
            let all = (0..DISPATCHES).map(|_| Command::Dispatch(one.clone())).collect::<Vec<_>>();
            let start = Instant::now();
            self.wait(self.execute_alone(all)?)?;
            Ok(start.elapsed())
        };
        // the first of each builds its pipeline
        time(first)?;
        time(second)?;
        let mut best = [Duration::MAX; 2];
        for _ in 0..TIMES {
            best = [best[0].min(time(first)?), best[1].min(time(second)?)];
        }
        Ok(best[0] <= best[1])
    }
}
