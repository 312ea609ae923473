//! The command line, and the settings of each format where it says nothing.

use std::fmt::{self, Display};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::chunked_args::{ChunkedArgs, Embedding};
use crate::data::{DEFAULT_HASH_ROWS, DataError, Format, Ids, Source};
use crate::device::Device;
use crate::model_args::{Kind, ModelArgs, Over};
use crate::output::png_path;

/// Trains a click-through-rate model (DLRM, DCN-v2, DHEN or Wukong) on embedding bags and reports its test log loss, AUC
/// and normalised entropy after each epoch.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "train_ctr")]
pub struct Args {
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
    /// Write the model here after each epoch; it may take the place of that of --resume, and of no other
    /// input
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Go on from a checkpoint
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Draw the curves of loss, AUC and normalised entropy
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Chunked: draw the columns that ids keep against how often they occurred while this run trained
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub dims: Option<PathBuf>,
    /// Print what each kernel of the training steps took on the device; the steps then wait for each other
    #[arg(long)]
    pub profile: bool,
    /// Print one line of JSON at the end
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub over: ModelArgs,
    #[command(flatten)]
    pub chunked: ChunkedArgs,
}

/// How the embeddings learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Stochastic gradient descent
    Sgd,
    /// A learning rate per weight, by its past gradients
    Adagrad,
    /// A learning rate per row: the memory of one number instead of a row
    RowwiseAdagrad,
    /// Row-wise Adagrad that also counts how often rows are seen, and slows the rare ones down
    RowwiseAdagradCounter,
    /// Moments of the gradient, for each weight
    Adam,
    /// Adam with one second moment for a row
    PartialRowwiseAdam,
    /// Adam whose step is as long as the row allows
    Lamb,
    /// The same with one second moment for a row
    PartialRowwiseLamb,
    /// Momentum whose step is as long as the row allows
    LarsSgd,
    /// Larger steps for rare rows, by their counts alone
    FrequencySgd,
    /// FTRL-proximal: weights that the data do not speak for are zero, see --l1
    Ftrl,
}

/// What the embeddings are kept in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits
    #[default]
    F32,
    /// 16 bits, of which 11 are significant
    F16,
    /// 16 bits, of which 8 are significant
    Bf16,
}

/// How values of 16 bits are rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// At random, so that small steps count on average
    #[default]
    Stochastic,
    /// To the nearest
    Nearest,
}

/// What decides how a model looks and learns: the command line's, or else the checkpoint's, or else the
/// format's. A checkpoint keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub seed: u64,
    pub batch: NonZeroUsize,
    pub dim: NonZeroUsize,
    pub optimizer: Optimizer,
    #[serde(default)]
    pub precision: Precision,
    #[serde(default)]
    pub rounding: Rounding,
    pub lr: f32,
    /// What is added to the root of Adagrad's state, times the batch: the gradients of a mean loss shrink as
    /// the batch grows.
    pub eps: f32,
    /// What of the sum of an embedding's gradients FTRL leaves at zero, times the batch.
    #[serde(default)]
    pub l1: f32,
    /// The learning rate of the dense layers' Adagrad.
    pub dense_lr: f32,
    /// The hidden widths of the MLP over the numeric columns; its output has the width `dim`.
    pub bottom: Vec<usize>,
    /// The hidden widths of the MLP over the interactions, or over the last layer of a DHEN; its output is the click's log odds.
    pub top: Vec<usize>,
    #[serde(default)]
    pub embedding: Embedding,
    #[serde(default)]
    pub over: Over,
}

/// What a format is trained with where the command line says nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defaults {
    pub epochs: usize,
    pub batch: usize,
    pub dim: usize,
    pub optimizer: Optimizer,
    /// Of the two Adagrads.
    pub lr: f32,
    pub eps: f32,
    pub dense_lr: f32,
    pub bottom: &'static [usize],
    pub top: &'static [usize],
}

impl Defaults {
    /// The table of defaults.
    pub const fn of(format: Format, model: Kind) -> Self {
        let common = Self {
            epochs: 3,
            batch: 512,
            dim: 16,
            optimizer: Optimizer::Adagrad,
            lr: 0.05,
            eps: 0.05,
            dense_lr: 0.01,
            bottom: &[64],
            top: &[64, 32],
        };
        // Where most ids are rare, Adagrad learns single examples by heart: its first steps are as large as
        // the learning rate, however small the gradient. A larger eps keeps the steps of rows that have seen
        // little as small as their gradients. Slower dense layers help against it too.
        match format {
            Format::Synthetic => Self { epochs: 4, lr: 0.1, eps: 5.0, dense_lr: 0.003, ..common },
            // More epochs overfit, those of stacked interactions from the second on.
            Format::MovieLens if !matches!(model, Kind::Dlrm) => {
                Self { epochs: 1, batch: 256, dense_lr: 0.006, ..common }
            }
            Format::MovieLens => Self { epochs: 2, dense_lr: 0.003, ..common },
            Format::Adult => Self { epochs: 5, ..common },
            // Many fields that say much, with few ids each: faster dense layers learn more of them.
            Format::Libsvm if !matches!(model, Kind::Dlrm) => {
                Self { epochs: 3, batch: 1024, eps: 1.0, dense_lr: 0.006, ..common }
            }
            Format::Libsvm => Self { epochs: 2, batch: 1024, eps: 1.0, dense_lr: 0.003, ..common },
            // One pass: a click log has more examples than a model can memorise.
            Format::Criteo => Self {
                epochs: 1,
                batch: 2048,
                optimizer: Optimizer::RowwiseAdagrad,
                eps: 1.0,
                bottom: &[256, 64],
                top: &[256, 64],
                ..common
            },
        }
    }

    /// The settings of a seed.
    fn settings(self, seed: u64, optimizer: Optimizer) -> Settings {
        Settings {
            seed,
            batch: count(self.batch),
            dim: count(self.dim),
            optimizer,
            precision: Precision::default(),
            rounding: Rounding::default(),
            lr: match optimizer {
                Optimizer::Sgd => SGD_LR,
                Optimizer::Adagrad
                | Optimizer::RowwiseAdagrad
                | Optimizer::RowwiseAdagradCounter
                | Optimizer::Ftrl => self.lr,
                Optimizer::Adam | Optimizer::PartialRowwiseAdam => ADAM_LR,
                Optimizer::Lamb | Optimizer::PartialRowwiseLamb => LAMB_LR,
                Optimizer::LarsSgd => LARS_LR,
                Optimizer::FrequencySgd => FREQUENCY_LR,
            },
            eps: self.eps,
            l1: 0.0,
            dense_lr: self.dense_lr,
            bottom: self.bottom.to_vec(),
            top: self.top.to_vec(),
            embedding: Embedding::default(),
            over: Over::default(),
        }
    }
}

/// Without Adagrad's division a step is as small as its gradient, which is that of a mean over the batch.
const SGD_LR: f32 = 10.0;
/// Adam's steps are about as large as the rate, whatever the gradient.
const ADAM_LR: f32 = 0.002;
/// LAMB's steps are this part of the row.
const LAMB_LR: f32 = 0.01;
/// Times LARS's trust coefficient; rows begin small.
const LARS_LR: f32 = 10.0;
/// Divided by the root of how many steps a row is there in, of `FREQUENCY_HORIZON`.
const FREQUENCY_LR: f32 = 100.0;

/// A default of 0 would be a slip in the table of defaults; it counts as 1.
fn count(default: usize) -> NonZeroUsize {
    NonZeroUsize::new(default).unwrap_or(NonZeroUsize::MIN)
}

impl Args {
    /// How often to pass over the training data.
    pub fn epochs(&self, settings: &Settings) -> usize {
        self.epochs.unwrap_or(count(Defaults::of(self.format, settings.over.kind()).epochs)).get()
    }

    /// The run's settings; `saved` are those of the checkpoint it goes on from. All must be as they were, but
    /// for the learning rate: so a resumed run is what a longer one would have been.
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
        let dim = self.dim.unwrap_or(base.dim);
        let precision = self.precision.unwrap_or(base.precision);
        let embedding = self.chunked.embedding(dim.get(), saved.map(|saved| saved.embedding))?;
        if embedding != Embedding::Fixed {
            let given = self.hash_rows.map(|rows| ("--hash-rows", "none", rows.to_string()));
            let narrow =
                (precision != Precision::F32).then(|| ("--precision", "f32", Name(precision).to_string()));
            if let Some((argument, expected, got)) = given.or(narrow) {
                return Err(DataError::argument(
                    argument,
                    format!("{expected} with --embedding chunked"),
                    got,
                ));
            }
        }
        Ok(Settings {
            batch: self.batch.unwrap_or(base.batch),
            dim,
            precision,
            embedding,
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
    use clap::CommandFactory;

    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        let words = ["train_ctr"].iter().chain(args);
        Args::try_parse_from(words).map_err(|error| error.to_string())
    }

    fn settings(args: &Args, saved: Option<&Settings>) -> Result<Settings, String> {
        args.settings(saved).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
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
            ("--plot", "curves.svg", "expected a file name ending in .png, got `curves.svg`"),
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
