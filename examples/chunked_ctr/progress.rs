//! How far a run has come, on the standard error stream.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::compare::Watch;

const BAR: &str = "{msg} [{bar:30}] {percent} %, {eta} left";

/// A bar where the stream is a terminal, which is wiped away at the end, and a line for every training in any
/// case.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
}

impl Progress {
    pub fn new(steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
        bar.set_style(style());
        Self { bar, start: Instant::now() }
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

impl Watch for Progress {
    fn begin(&mut self, what: String) {
        self.bar.set_message(what);
    }

    fn tick(&mut self, steps: usize) {
        self.bar.inc(steps as u64);
    }

    fn tell(&mut self, line: String) {
        let seconds = self.elapsed().as_secs_f64();
        self.bar.suspend(|| eprintln!("{seconds:>6.1} s  {line}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    // the test checks that indicatif understands it
    ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_understood() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
