//! What a run says: progress, and a table with a row per epoch.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde::{Deserialize, Serialize};

/// What an epoch came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// 1-based.
    pub epoch: usize,
    /// The mean log loss of the training batches, each before its step.
    #[serde(with = "nan_as_null")]
    pub train_loss: f64,
    /// The mean log loss of the test set.
    #[serde(with = "nan_as_null")]
    pub logloss: f64,
    /// The area under the test set's ROC curve; NaN where its labels are all the same.
    #[serde(with = "nan_as_null")]
    pub auc: f64,
    /// The test log loss over the entropy of the test set's click rate; NaN where that is 0.
    #[serde(with = "nan_as_null")]
    pub ne: f64,
    /// The seconds of training, without the test. No part of a checkpoint, which is a function of data and
    /// settings.
    #[serde(skip)]
    pub seconds: f64,
    /// Training examples per second.
    #[serde(skip)]
    pub examples_per_s: f64,
}

impl EpochReport {
    /// That of no epoch.
    pub const NONE: Self = Self {
        epoch: 0,
        train_loss: f64::NAN,
        logloss: f64::NAN,
        auc: f64::NAN,
        ne: f64::NAN,
        seconds: 0.0,
        examples_per_s: 0.0,
    };
}

/// JSON has no NaN, and `serde_json` writes null for it but does not read null as a number.
mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// The table of the epochs, written as they end.
#[derive(Debug)]
pub struct Table<W> {
    out: W,
    started: bool,
}

const HEADER: &str = " epoch   train loss   test loss      AUC       NE   seconds   examples/s";

impl<W: Write> Table<W> {
    /// A table on `out`.
    pub const fn new(out: W) -> Self {
        Self { out, started: false }
    }

    /// Writes an epoch's row, under the header if it is the first.
    pub fn row(&mut self, epoch: &EpochReport) -> io::Result<()> {
        let out = &mut self.out;
        if !self.started {
            self.started = true;
            writeln!(out, "{HEADER}")?;
        }
        writeln!(
            out,
            "{:>6} {:>12.4} {:>11.4} {} {} {:>9.2} {:>12.0}",
            epoch.epoch,
            epoch.train_loss,
            epoch.logloss,
            metric(epoch.auc),
            metric(epoch.ne),
            epoch.seconds,
            epoch.examples_per_s,
        )?;
        out.flush()
    }
}

fn metric(value: f64) -> String {
    match value.is_nan() {
        true => format!("{:>8}", "-"),
        false => format!("{value:>8.4}"),
    }
}

/// The progress of one pass over a data set. It is drawn on the standard error stream where that
/// is a terminal, and is wiped away when it is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows a pass over `examples`, or over however many there are; or nothing, where another rank shows it.
    pub fn new(label: &str, examples: Option<usize>, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(examples.map(|examples| examples as u64), target);
        bar.set_style(style(examples.is_some()));
        bar.set_prefix(label.to_owned());
        Self(bar)
    }

    /// Counts the examples of a batch.
    pub fn add(&self, examples: usize) {
        self.0.inc(examples as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// With the time left.
const BAR: &str = "{prefix} [{bar:30}] {human_pos}/{human_len}, {rate} examples/s, {eta} left";
/// Where the end is not known.
const SPINNER: &str = "{prefix} {spinner} {human_pos} examples, {rate} examples/s, {elapsed}";

fn style(bounded: bool) -> ProgressStyle {
    // The tests check that indicatif understands both.
    ProgressStyle::with_template(if bounded { BAR } else { SPINNER })
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
        .with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // There is no one left to tell of a failure to write to the terminal.
            let _ = write!(out, "{:.0}", state.per_sec());
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(auc: f64) -> EpochReport {
        EpochReport {
            epoch: 1,
            train_loss: 0.51234,
            logloss: 0.6,
            auc,
            ne: 0.9,
            seconds: 1.5,
            examples_per_s: 40_000.0,
        }
    }

    fn table(epochs: &[EpochReport]) -> io::Result<String> {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out);
        epochs.iter().try_for_each(|epoch| table.row(epoch))?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn the_table_has_one_header_and_aligned_rows() -> io::Result<()> {
        let text = table(&[epoch(0.75), epoch(f64::NAN)])?;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() == HEADER.len()), "{text}");
        assert!(lines[1].contains(" 0.5123 ") && lines[1].contains(" 0.7500 "));
        assert!(lines[2].contains("  -  "));
        Ok(())
    }

    #[test]
    fn an_epoch_without_auc_survives_json() -> serde_json::Result<()> {
        let json = serde_json::to_string(&epoch(f64::NAN))?;
        assert!(serde_json::from_str::<EpochReport>(&json)?.auc.is_nan());
        Ok(())
    }

    #[test]
    fn the_progress_templates_are_understood() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
        assert!(ProgressStyle::with_template(SPINNER).is_ok());
    }

    #[test]
    fn progress_counts() {
        let progress = Progress::new("epoch 1", Some(10), true);
        progress.add(4);
        assert_eq!((progress.0.position(), progress.0.length()), (4, Some(10)));
        assert_eq!(Progress::new("epoch 1", None, false).0.length(), None);
    }
}
