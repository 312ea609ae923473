//! The line of JSON at the end of a run.

use std::io::{self, Write};

use embag::Context;
use serde::Serialize;

use super::error::TrainError;
use super::report::EpochReport;
use super::tables::Tables;
use super::trainer::Trainer;

/// What a run came to: the line of JSON at the end, with null for a number that is not finite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary<M> {
    pub device: String,
    pub driver: String,
    /// Epochs trained, those of the resumed checkpoint included.
    pub epochs: usize,
    pub train_examples: usize,
    pub test_examples: usize,
    /// Of the last epoch, like `logloss` and `ne`.
    pub auc: f64,
    pub logloss: f64,
    pub ne: f64,
    /// Training examples per second, over all epochs of this run.
    pub examples_per_s: f64,
    /// The bytes of all embedding tables.
    pub embedding_bytes: u64,
    /// The bytes of their optimizer's state.
    pub state_bytes: u64,
    /// What there is to say of the kind of tables.
    #[serde(flatten)]
    pub more: M,
}

impl<M: Serialize> Summary<M> {
    /// Of a run that trained the epochs from the 0-based `first` on.
    pub fn of<T: Tables>(
        ctx: &Context,
        trainer: &Trainer<'_, T>,
        first: usize,
        more: M,
    ) -> Result<Self, TrainError> {
        let reports = trainer.reports().get(first..).unwrap_or_default();
        let last = reports.last().copied().unwrap_or(EpochReport::NONE);
        let (train_examples, test_examples) = trainer.examples();
        let (embedding_bytes, state_bytes) = trainer.embedding_bytes()?;
        let seconds: f64 = reports.iter().map(|report| report.seconds).sum();
        Ok(Self {
            device: ctx.device_name(),
            driver: ctx.driver(),
            epochs: last.epoch,
            train_examples,
            test_examples,
            auc: last.auc,
            logloss: last.logloss,
            ne: last.ne,
            examples_per_s: (train_examples * reports.len()) as f64 / seconds,
            embedding_bytes,
            state_bytes,
            more,
        })
    }

    /// Writes the line of JSON.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_summary_is_one_line_of_json_without_nan() -> Result<(), Box<dyn std::error::Error>> {
        let summary = Summary {
            device: "CPU".into(),
            driver: "rayon".into(),
            epochs: 3,
            train_examples: 10,
            test_examples: 5,
            auc: f64::NAN,
            logloss: 0.5,
            ne: 0.9,
            examples_per_s: 1000.0,
            embedding_bytes: 64,
            state_bytes: 4,
            more: BTreeMap::from([("ranks", 2)]),
        };
        let mut out = Vec::new();
        summary.write(&mut out)?;
        assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let json: serde_json::Value = serde_json::from_slice(&out)?;
        assert_eq!(json["auc"], serde_json::Value::Null);
        assert_eq!((json["epochs"].as_u64(), json["ne"].as_f64()), (Some(3), Some(0.9)));
        assert_eq!(json["ranks"], 2);
        Ok(())
    }
}
