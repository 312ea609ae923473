//! What is printed.

use serde::Serialize;

/// The normalized entropy of the three models in the steps before one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Window {
    pub step: u32,
    pub trainer: f64,
    /// Of the server that follows.
    pub follows: f64,
    /// Of the one that stays as it was.
    pub stays: f64,
    /// Steps that the server that follows was behind, on average and at most.
    pub lag: f64,
    pub most_lag: u32,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub device: String,
    /// Of all steps while the model was served.
    pub total: Window,
    pub windows: Vec<Window>,
    pub deltas: usize,
    /// Bytes of a delta on average, layers included, and of the tables in int8.
    pub delta_bytes: u64,
    pub whole_bytes: u64,
    pub seconds: f64,
}

pub fn header() {
    println!("{:>8}  {:>8}  {:>8}  {:>8}  {:>10}", "step", "trainer", "follows", "stays", "lag");
}

impl Window {
    pub fn print(&self) {
        let Self { step, trainer, follows, stays, lag, most_lag } = self;
        println!("{step:>8}  {trainer:>8.5}  {follows:>8.5}  {stays:>8.5}  {lag:>5.0} <={most_lag:>3}");
    }

    /// By how much more normalized entropy a model has than the trainer, in percent.
    pub fn more(&self, entropy: f64) -> f64 {
        (entropy / self.trainer - 1.0) * 100.0
    }
}

impl Report {
    pub fn print(&self) {
        let Self { total, deltas, delta_bytes, whole_bytes, seconds, .. } = self;
        println!("\nall steps:");
        total.print();
        println!(
            "normalized entropy above the trainer's: {:.3} % where deltas are followed, {:.3} % where not",
            total.more(total.follows),
            total.more(total.stays)
        );
        println!(
            "{deltas} deltas of {} KB each, the tables in int8 are {} KB; {seconds:.1} s",
            delta_bytes / 1000,
            whole_bytes / 1000
        );
    }
}
