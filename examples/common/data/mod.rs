//! Data sets: each format is read into the same neutral [`Examples`].
//!
//! | format | held | test set where there is no `--test` |
//! |---|---|---|
//! | [`synthetic`] | in memory | 15,000 further draws |
//! | [`movielens`] | in memory | each user's last fifth of ratings |
//! | [`adult`] | in memory | every 5th row |
//! | [`libsvm`] | streamed | every 10th example |
//! | [`criteo`] | streamed | every 10th line |

pub mod adult;
pub mod criteo;
mod error;
mod examples;
mod ids;
pub mod libsvm;
mod lines;
mod memory;
pub mod movielens;
mod part;
pub mod random;
mod stream;
pub mod synthetic;
mod table;
mod vocabulary;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub use error::DataError;
pub use examples::{Examples, FeatureSpec, Schema};
pub use ids::{Ids, Keys};
pub use part::Part;
use vocabulary::{Scale, Vocabulary};

/// The rows that ids are hashed into where nothing else is said.
pub const DEFAULT_HASH_ROWS: u32 = 100_000;

/// What every pass must have at least one of, for the words of an error.
const TRAINING: &str = "training example";
const TEST: &str = "test example";
const HELD_OUT: &str = "test example that is held out (more lines, or a --test beside it)";

/// What the training data looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Format {
    /// Made-up Zipf data with a planted signal; reads no file
    Synthetic,
    /// A folder with MovieLens' ratings.csv and movies.csv
    MovieLens,
    /// UCI Adult (census income): a CSV file with a header, or UCI's own files without
    Adult,
    /// `label index:value ...` or libffm's `label field:index:value ...`
    Libsvm,
    /// Criteo's display advertising logs: tab-separated, no header
    Criteo,
}

impl Format {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Synthetic => "synthetic",
            Self::MovieLens => "movielens",
            Self::Adult => "adult",
            Self::Libsvm => "libsvm",
            Self::Criteo => "criteo",
        }
    }
}

/// Where the examples come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub format: Format,
    /// `--train`: a file, or a folder for [`Format::MovieLens`].
    pub train: Option<PathBuf>,
    /// `--test`: likewise. Without it a part of `train` is held out.
    pub test: Option<PathBuf>,
    /// `--seed`, which the synthetic data is drawn from.
    pub seed: u64,
    /// `--hash-rows`; `None` for the checkpoint's or [`DEFAULT_HASH_ROWS`].
    pub hash_rows: Option<u32>,
    /// What ids become; raw ones need no `hash_rows`.
    pub ids: Ids,
    /// `--slots`: whether libsvm's ids count with their place in the line.
    pub by_position: bool,
}

/// What a checkpoint keeps of the data, so that a resumed run gives every id the row and every
/// number the scale that the model was trained with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataState {
    pub format: Format,
    pub schema: Schema,
    /// In an order known to the format; empty for hashed and synthetic ids.
    pub vocabularies: Vec<Vocabulary>,
    /// One per numeric column where the format standardises; else empty.
    pub scales: Vec<Scale>,
    /// The seed of synthetic data: it decides what there is to learn.
    pub seed: Option<u64>,
    #[serde(default)]
    pub ids: Ids,
}

impl DataState {
    /// A state without vocabularies, scales and seed.
    pub fn new(format: Format, schema: Schema, ids: Ids) -> Self {
        Self { format, schema, vocabularies: Vec::new(), scales: Vec::new(), seed: None, ids }
    }

    /// What keys become in the tables that the vocabularies are of.
    fn keys<'a>(&'a self, tables: &[&'a str]) -> Vec<Keys<'a>> {
        match self.ids {
            Ids::Rows => self.vocabularies.iter().map(Keys::Rows).collect(),
            Ids::Raw => tables.iter().map(|table| Keys::Raw(table)).collect(),
        }
    }

    /// Checks that a checkpoint's state is one that its format writes: with this number of vocabularies
    /// (but none for raw ids) and scales, and the schema that follows from them.
    fn verify(
        &self,
        vocabularies: usize,
        scales: usize,
        schema: impl FnOnce(&[Vocabulary]) -> Schema,
    ) -> Result<(), DataError> {
        let format = self.format.name();
        let vocabularies = if self.ids == Ids::Raw { 0 } else { vocabularies };
        let found = (self.vocabularies.len(), self.scales.len());
        if found != (vocabularies, scales) {
            let expected = format!("{vocabularies} vocabularies and {scales} scales for {format}");
            let got = format!("{} and {}", found.0, found.1);
            return Err(DataError::argument("--resume", expected, got));
        }
        if self.schema != schema(&self.vocabularies) {
            let expected = format!("the columns of {format}");
            let got = "other columns or table sizes";
            return Err(DataError::argument("--resume", expected, got));
        }
        Ok(())
    }
}

/// The batches of an epoch, or a rank's part of each. The last may be short, or nothing of it of this rank;
/// after an error there are no more.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<Examples, DataError>> + Send + 'a>;

/// A training set and a test set of the same schema.
pub trait Dataset: Send + Sync {
    /// What a checkpoint keeps.
    fn state(&self) -> &DataState;

    /// The columns of every batch.
    fn schema(&self) -> &Schema {
        &self.state().schema
    }

    /// What was chosen by the data, for people.
    fn choice(&self) -> Option<String> {
        None
    }

    /// The training examples of an epoch, or `None` where only reading them all would tell.
    fn train_len(&self) -> Option<usize>;

    /// The test examples, or `None` where only reading them all would tell.
    fn test_len(&self) -> Option<usize>;

    /// The training batches of an epoch, in an order which is a function of `seed` and `epoch`.
    #[allow(dead_code, reason = "some programs take parts")]
    fn train(&self, seed: u64, epoch: u64, batch: NonZeroUsize) -> Batches<'_> {
        self.train_part(seed, epoch, batch, Part::ALL)
    }

    /// The test batches, always in the same order.
    #[allow(dead_code, reason = "some programs take parts")]
    fn test(&self, batch: NonZeroUsize) -> Batches<'_> {
        self.test_part(batch, Part::ALL)
    }

    /// A part of each of the training batches.
    fn train_part(&self, seed: u64, epoch: u64, batch: NonZeroUsize, part: Part) -> Batches<'_>;

    /// A part of each of the test batches.
    fn test_part(&self, batch: NonZeroUsize, part: Part) -> Batches<'_>;
}

/// Opens a data set: anew, or with the vocabularies and statistics of a checkpoint.
pub fn open(source: &Source, state: Option<&DataState>) -> Result<Box<dyn Dataset>, DataError> {
    if let Some(state) = state
        && state.format != source.format
    {
        let expected = format!("the checkpoint's {}", state.format.name());
        return Err(DataError::argument("--format", expected, source.format.name()));
    }
    if source.by_position && source.format != Format::Libsvm {
        return Err(DataError::argument("--slots", "--format libsvm beside it", source.format.name()));
    }
    let test = source.test.as_deref();
    let (rows, ids) = (source.hash_rows, source.ids);
    let data: Box<dyn Dataset> = match source.format {
        Format::Synthetic => Box::new(synthetic::generate(without_files(source)?, ids, state)?),
        Format::MovieLens => Box::new(movielens::open(train_path(source)?, test, ids, state)?),
        Format::Adult => Box::new(adult::open(train_path(source)?, test, ids, state)?),
        Format::Libsvm => {
            let (train, rows) = (train_path(source)?, hash_rows(ids, rows, state)?);
            Box::new(libsvm::open(train, test, rows, source.by_position, state)?)
        }
        Format::Criteo => {
            Box::new(criteo::open(train_path(source)?, test, hash_rows(ids, rows, state)?, state)?)
        }
    };
    // where the number is not known, the pass itself is the error
    let train = source.train.as_deref();
    let (tested, needed) = test.map_or((train, HELD_OUT), |test| (Some(test), TEST));
    for (len, path, expected) in [(data.train_len(), train, TRAINING), (data.test_len(), tested, needed)] {
        if let (Some(0), Some(path)) = (len, path) {
            return Err(DataError::Empty { path: path.to_owned(), expected });
        }
    }
    Ok(data)
}

/// The files that are read for `--train` and `--test`, by these arguments: of a folder those of MovieLens.
pub fn files(train: Option<&Path>, test: Option<&Path>) -> Vec<(&'static str, PathBuf)> {
    let of = |(argument, path): (&'static str, Option<&Path>)| {
        let paths = path.map_or_else(Vec::new, |path| match path.is_dir() {
            true => movielens::FILES.map(|name| path.join(name)).to_vec(),
            false => vec![path.to_owned()],
        });
        paths.into_iter().map(move |path| (argument, path))
    };
    [("--train", train), ("--test", test)].into_iter().flat_map(of).collect()
}

/// The path to train on, which all formats but the synthetic one need.
fn train_path(source: &Source) -> Result<&Path, DataError> {
    source.train.as_deref().ok_or_else(|| {
        let expected = format!("a path for --format {}", source.format.name());
        DataError::argument("--train", expected, "none")
    })
}

/// The seed, after the check that no file was given which would then go unread.
fn without_files(source: &Source) -> Result<u64, DataError> {
    for (argument, path) in [("--train", &source.train), ("--test", &source.test)] {
        if let Some(path) = path {
            let got = format!("`{}`", path.display());
            let expected = "none for --format synthetic";
            return Err(DataError::argument(argument, expected, got));
        }
    }
    Ok(source.seed)
}

/// The rows to hash into: the argument's, which must not contradict the checkpoint's; none for raw ids.
fn hash_rows(ids: Ids, argument: Option<u32>, state: Option<&DataState>) -> Result<Option<u32>, DataError> {
    if ids == Ids::Raw {
        return Ok(None);
    }
    let saved = state.and_then(|state| state.schema.features.first());
    match (argument, saved.map(|feature| feature.rows)) {
        (Some(rows), Some(saved)) if rows != saved => {
            let expected = format!("the checkpoint's {saved}");
            Err(DataError::argument("--hash-rows", expected, rows.to_string()))
        }
        (argument, saved) => Ok(saved.or(argument).or(Some(DEFAULT_HASH_ROWS))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(format: Format) -> Source {
        Source {
            format,
            train: None,
            test: None,
            seed: 1,
            hash_rows: None,
            ids: Ids::Rows,
            by_position: false,
        }
    }

    fn message(source: &Source, state: Option<&DataState>) -> String {
        open(source, state).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn every_format_but_synthetic_needs_a_path() {
        for format in Format::value_variants() {
            let expected = match format {
                Format::Synthetic => String::new(),
                _ => format!("--train: expected a path for --format {}, got none", format.name()),
            };
            assert_eq!(message(&source(*format), None), expected);
        }
    }

    #[test]
    fn the_format_names_are_those_of_the_command_line_and_of_the_checkpoint() {
        for format in Format::value_variants() {
            let value = format.to_possible_value();
            assert_eq!(value.as_ref().map(|value| value.get_name()), Some(format.name()));
            assert_eq!(serde_json::json!(format), format.name());
        }
    }

    #[test]
    fn synthetic_data_refuses_a_file_it_would_not_read() {
        let mut source = source(Format::Synthetic);
        source.test = Some("x.csv".into());
        assert_eq!(message(&source, None), "--test: expected none for --format synthetic, got `x.csv`");
    }

    #[test]
    fn only_libsvm_has_places_in_the_line() {
        let mut source = source(Format::Criteo);
        source.by_position = true;
        assert_eq!(message(&source, None), "--slots: expected --format libsvm beside it, got criteo");
    }

    #[test]
    fn a_checkpoint_of_another_format_or_another_hash_size_is_refused() {
        let mut state = DataState::new(Format::Adult, criteo::schema(50), Ids::Rows);
        assert_eq!(
            message(&source(Format::Criteo), Some(&state)),
            "--format: expected the checkpoint's adult, got criteo"
        );
        state.format = Format::Criteo;
        let mut source = source(Format::Criteo);
        source.train = Some("unread".into());
        source.hash_rows = Some(51);
        assert_eq!(message(&source, Some(&state)), "--hash-rows: expected the checkpoint's 50, got 51");
    }
}
