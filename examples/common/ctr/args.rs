//! What the command line says of device, data and model, for every program that trains it.

use std::fmt::{self, Display};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;

use super::embedding::Embedding;
use super::model_args::ModelArgs;
use super::settings::{Defaults, Optimizer, Precision, Rounding, Settings, count};
use crate::data::{DEFAULT_HASH_ROWS, DataError, Format, Ids, Source};
use crate::device::Device;

/// The arguments. Where none is given, the checkpoint's hold, or else the format's.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct RunArgs {
    /// Where to train
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// What the training data looks like
    #[arg(long, value_enum, default_value_t = Format::Synthetic)]
    pub format: Format,
    /// The file (movielens: folder) to train on; needed by all formats but synthetic. libsvm and criteo read
    /// it more than once, so that it must not be a pipe
    #[arg(long, value_name = "PATH")]
    pub train: Option<PathBuf>,
    /// The file (movielens: folder) to test on, likewise; a part of --train is held out without it
    #[arg(long, value_name = "PATH")]
    pub test: Option<PathBuf>,
    /// Passes over the training data, those before a resumed checkpoint included [default: by format]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub epochs: Option<NonZeroUsize>,
    /// Examples per step [default: the checkpoint's, or by format]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub batch: Option<NonZeroUsize>,
    /// Numbers per embedding [default: the checkpoint's, or by format]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub dim: Option<NonZeroUsize>,
    /// How the embeddings learn [default: the checkpoint's, or by format]
    #[arg(long, value_enum)]
    pub optimizer: Option<Optimizer>,
    /// What the embeddings are kept in [default: the checkpoint's, or f32]
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,
    /// How embeddings of 16 bits are rounded [default: the checkpoint's, or stochastic]
    #[arg(long, value_enum)]
    pub rounding: Option<Rounding>,
    /// The embeddings' learning rate [default: the checkpoint's, or by format and optimizer]
    #[arg(long, value_name = "X", value_parser = learning_rate, allow_negative_numbers = true)]
    pub lr: Option<f32>,
    /// With --optimizer ftrl: the gradients of a weight, added up over examples, that leave it at zero
    /// [default: the checkpoint's, or 0]
    #[arg(long, value_name = "X", value_parser = learning_rate, allow_negative_numbers = true)]
    pub l1: Option<f32>,
    /// Rows that ids are hashed into (libsvm: of the one table, criteo: of each)
    /// [default: the checkpoint's, or 100000]
    #[arg(long, value_name = "N", value_parser = row_count, allow_negative_numbers = true)]
    pub hash_rows: Option<u32>,
    /// libsvm: an id is its index with its place in the line, and each place is a slot of its own, for data
    /// with columns in a fixed order and none left out. Without it an id is its index alone, wherever it
    /// stands; where every line of --train has one id of each of the same columns, these are slots, else a
    /// line is one bag [default: as in the checkpoint]
    #[arg(long)]
    pub slots: bool,
    /// Decides the initial weights, the order of the examples and the synthetic data
    /// [default: the checkpoint's, or 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub over: ModelArgs,
}

impl RunArgs {
    /// How often to pass over the training data.
    pub fn epochs(&self, settings: &Settings) -> usize {
        self.epochs.unwrap_or(count(Defaults::of(self.format, settings.over.kind()).epochs)).get()
    }

    /// The run's settings, of tables of fixed size unless the checkpoint says something else; `saved` are
    /// those of the checkpoint it goes on from. All must be as they were, but for the learning rate: so a
    /// resumed run is what a longer one would have been.
    pub fn settings(&self, saved: Option<&Settings>) -> Result<Settings, DataError> {
        let over = self.over.over(saved.map(|saved| &saved.over))?;
        let defaults = Defaults::of(self.format, over.kind());
        let base = match saved {
            Some(saved) => {
                agree("--seed", self.seed, saved.seed)?;
                agree("--batch", self.batch, saved.batch)?;
                agree("--dim", self.dim, saved.dim)?;
                agree("--optimizer", self.optimizer.map(Name), Name(saved.optimizer))?;
                agree("--precision", self.precision.map(Name), Name(saved.precision))?;
                agree("--rounding", self.rounding.map(Name), Name(saved.rounding))?;
                saved.clone()
            }
            None => defaults.settings(self.seed.unwrap_or(1), self.optimizer.unwrap_or(defaults.optimizer)),
        };
        if base.optimizer != Optimizer::Ftrl && self.l1.is_some() {
            return Err(DataError::argument("--l1", "--optimizer ftrl", Name(base.optimizer).to_string()));
        }
        Ok(Settings {
            batch: self.batch.unwrap_or(base.batch),
            dim: self.dim.unwrap_or(base.dim),
            precision: self.precision.unwrap_or(base.precision),
            over,
            rounding: self.rounding.unwrap_or(base.rounding),
            lr: self.lr.unwrap_or(base.lr),
            l1: self.l1.unwrap_or(base.l1),
            ..base
        })
    }

    /// Where the examples come from.
    pub fn source(&self, settings: &Settings) -> Source {
        Source {
            format: self.format,
            train: self.train.clone(),
            test: self.test.clone(),
            seed: settings.seed,
            hash_rows: self.hash_rows,
            ids: if settings.embedding == Embedding::Fixed { Ids::Rows } else { Ids::Raw },
            by_position: self.slots,
        }
    }
}

/// Refuses an argument that is given and is not as in the checkpoint.
pub fn agree<T: PartialEq + Display>(
    argument: &'static str,
    given: Option<T>,
    saved: T,
) -> Result<(), DataError> {
    match given {
        Some(given) if given != saved => {
            Err(DataError::argument(argument, format!("the checkpoint's {saved}"), given.to_string()))
        }
        _ => Ok(()),
    }
}

/// A choice by the name it has on the command line.
#[derive(PartialEq)]
pub struct Name<T>(pub T);

impl<T: ValueEnum> Display for Name<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.to_possible_value() {
            Some(value) => f.write_str(value.get_name()),
            None => Ok(()), // no value is hidden
        }
    }
}

// clap puts the argument and what was given before these messages.

pub fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    (text.parse()).map_err(|_| format!("expected a whole number from 1 to {}, got `{text}`", usize::MAX))
}

fn row_count(text: &str) -> Result<u32, String> {
    let rows = text.parse().ok().filter(|&rows| rows > 0);
    rows.ok_or_else(|| {
        format!("expected a whole number from 1 to 4294967295 (such as {DEFAULT_HASH_ROWS}), got `{text}`")
    })
}

fn learning_rate(text: &str) -> Result<f32, String> {
    let rate = text.parse().ok().filter(|rate: &f32| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| format!("expected a number above 0, of at most 3.4e38, got `{text}`"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::model_args::Kind;
    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: RunArgs,
    }

    fn parse(args: &[&str]) -> Result<RunArgs, String> {
        let command = Command::try_parse_from(["train_ctr"].iter().chain(args));
        command.map(|command| command.args).map_err(|error| error.to_string())
    }

    fn settings(args: &RunArgs, saved: Option<&Settings>) -> Result<Settings, String> {
        args.settings(saved).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_given_is_the_format_s() -> Result<(), String> {
        let settings = settings(&parse(&[])?, None)?;
        assert_eq!(
            (settings.batch.get(), settings.seed),
            (Defaults::of(Format::Synthetic, Kind::Dlrm).batch, 1)
        );
        let given = ["--format", "adult", "--batch", "7", "--lr", "0.5", "--optimizer"];
        let args = parse(&[given.as_slice(), &["rowwise-adagrad"]].concat())?;
        let (settings, defaults) = (self::settings(&args, None)?, Defaults::of(Format::Adult, Kind::Dlrm));
        assert_eq!((settings.batch.get(), settings.lr), (7, 0.5));
        assert_eq!(settings.optimizer, Optimizer::RowwiseAdagrad);
        assert_eq!(args.epochs(&settings), defaults.epochs);
        assert_eq!(settings.top, defaults.top);
        Ok(())
    }

    #[test]
    fn a_checkpoint_s_settings_are_kept_and_those_of_its_model_cannot_be_changed() -> Result<(), String> {
        let first = ["--seed", "5", "--dim", "8", "--optimizer", "sgd", "--lr", "0.25"];
        let saved = settings(&parse(&first)?, None)?;
        assert_eq!(settings(&parse(&[])?, Some(&saved))?, saved);
        let changed = settings(&parse(&["--lr", "0.5", "--dim", "8"])?, Some(&saved))?;
        assert_eq!((changed.lr, changed.dim), (0.5, saved.dim));
        let cases = [
            (["--seed", "1"], "--seed: expected the checkpoint's 5, got 1"),
            (["--batch", "9"], "--batch: expected the checkpoint's 512, got 9"),
            (["--dim", "16"], "--dim: expected the checkpoint's 8, got 16"),
            (
                ["--optimizer", "rowwise-adagrad"],
                "--optimizer: expected the checkpoint's sgd, got rowwise-adagrad",
            ),
            (["--precision", "f16"], "--precision: expected the checkpoint's f32, got f16"),
        ];
        for (args, expected) in cases {
            assert_eq!(settings(&parse(&args)?, Some(&saved)).err().as_deref(), Some(expected));
        }
        Ok(())
    }

    #[test]
    fn every_default_is_one_that_the_command_line_would_take() {
        for &format in Format::value_variants() {
            let defaults = Defaults::of(format, Kind::Dhen);
            for count in [defaults.epochs, defaults.batch, defaults.dim] {
                assert!(at_least_one(&count.to_string()).is_ok());
            }
            assert!(learning_rate(&defaults.lr.to_string()).is_ok());
            assert!(!defaults.top.contains(&0) && !defaults.bottom.contains(&0));
        }
    }

    #[test]
    fn errors_name_argument_expected_and_got() {
        let cases = [
            ("--epochs", "0", "expected a whole number from 1 to "),
            ("--batch", "many", "got `many`"),
            ("--dim", "1.5", "got `1.5`"),
            ("--lr", "nan", "expected a number above 0, of at most 3.4e38, got `nan`"),
            ("--lr", "inf", "expected a number above 0, of at most 3.4e38, got `inf`"),
            ("--epochs", "-1", "got `-1`"),
            ("--epochs", "99999999999999999999", "expected a whole number from 1 to "),
            ("--lr", "-0.1", "expected a number above 0, of at most 3.4e38, got `-0.1`"),
            ("--lr", "0", "expected a number above 0, of at most 3.4e38, got `0`"),
            ("--hash-rows", "0", "expected a whole number from 1 to 4294967295"),
            ("--modules", "dot,chance", "invalid value 'chance'"),
            (
                "--modules",
                "chance",
                "[possible values: dot, deep-dot, linear, mlp, attention, gram, conv, cross, fm]",
            ),
            ("--layers", "0", "expected a whole number from 1 to "),
        ];
        for (argument, value, expected) in cases {
            let error = parse(&[argument, value]).err().unwrap_or_default();
            assert!(error.contains(argument) && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_source_is_what_was_given() -> Result<(), String> {
        let args = parse(&["--format", "criteo", "--train", "day_0", "--hash-rows", "50"])?;
        let source = args.source(&settings(&args, None)?);
        assert_eq!(source.format, Format::Criteo);
        assert_eq!(source.train, Some("day_0".into()));
        assert_eq!((source.test, source.hash_rows, source.seed), (None, Some(50), 1));
        Ok(())
    }
}
