//! Data sets that are read anew each epoch, in memory for a shuffle buffer and a batch.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::lines::{Line, Lines, TextLine};
use super::random::{Pcg64, below, generator};
use super::{Batches, DataError, DataState, Dataset, Examples, HELD_OUT, Part, TEST, TRAINING};

/// A stream without `--test` holds out every 10th example.
const FOLDS: u64 = 10;

/// The shuffle buffer is full at this number of lines, or of bytes where lines are long.
const SHUFFLE_LINES: usize = 1 << 16;
const SHUFFLE_BYTES: usize = 1 << 26;

/// A text format with one example per line.
pub trait LineFormat: Send + Sync {
    /// Whether a line holds an example at all.
    fn is_example(&self, line: &[u8]) -> bool;

    /// Adds the example of a line to `examples`. After an error `examples` must be dropped.
    fn parse(&self, line: TextLine<'_>, examples: &mut Examples) -> Result<(), DataError>;

    /// What was chosen by the data, for people.
    fn choice(&self) -> Option<String> {
        None
    }
}

/// The examples of a file that belong to one of the two sets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Selection {
    path: PathBuf,
    keep: Keep,
    /// What it must have at least one of.
    needed: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    HeldOut,
    NotHeldOut,
}

impl Keep {
    /// Whether the example of a 0-based index is kept.
    const fn takes(self, index: u64) -> bool {
        let held_out = index % FOLDS == FOLDS - 1;
        match self {
            Self::All => true,
            Self::HeldOut => held_out,
            Self::NotHeldOut => !held_out,
        }
    }

    /// How many of `examples` examples are kept.
    const fn count(self, examples: u64) -> u64 {
        match self {
            Self::All => examples,
            Self::HeldOut => examples / FOLDS,
            Self::NotHeldOut => examples - examples / FOLDS,
        }
    }
}

/// A [`Dataset`] that streams its files.
#[derive(Debug)]
pub struct StreamData<F> {
    state: DataState,
    format: F,
    train: Selection,
    test: Selection,
    /// The training and the test examples, where they have been counted.
    lengths: Option<(usize, usize)>,
}

impl<F: LineFormat> StreamData<F> {
    /// Streams `train`, and `test` or else the held-out examples of `train`.
    pub fn new(state: DataState, format: F, train: &Path, test: Option<&Path>) -> Self {
        let select = |path: &Path, keep, needed| Selection { path: path.to_owned(), keep, needed };
        let (train, test) = match test {
            Some(test) => (select(train, Keep::All, TRAINING), select(test, Keep::All, TEST)),
            None => (select(train, Keep::NotHeldOut, TRAINING), select(train, Keep::HeldOut, HELD_OUT)),
        };
        Self { state, format, train, test, lengths: None }
    }

    /// Makes the sizes known: `train` and `test` are the examples of the two files, the latter
    /// `None` where the test set is held out.
    pub fn counted(mut self, train: u64, test: Option<u64>) -> Self {
        let kept = |of: &Selection, examples| usize::try_from(of.keep.count(examples)).ok();
        self.lengths = kept(&self.train, train).zip(kept(&self.test, test.unwrap_or(train)));
        self
    }

    /// A pass over one of the sets. One without any example is an error.
    fn batches<'a>(
        &'a self,
        selection: &'a Selection,
        rng: Option<Pcg64>,
        batch: NonZeroUsize,
        part: Part,
    ) -> Batches<'a> {
        let mut shuffled = Shuffled::new(selection.clone(), rng);
        let (mut ended, mut any) = (false, false);
        Box::new(std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let next = self.read_batch(&mut shuffled, batch, part);
            ended = !matches!(next, Ok(Some(_)));
            match next {
                Err(error) => Some(Err(self.first_error(selection, error))),
                Ok(None) if any => None,
                Ok(None) => {
                    let Selection { path, needed, .. } = selection.clone();
                    Some(Err(DataError::Empty { path, expected: needed }))
                }
                Ok(Some(examples)) => {
                    any = true;
                    Some(Ok(examples))
                }
            }
        }))
    }

    /// The error of the first bad line of the file, of which shuffling has found another.
    fn first_error(&self, selection: &Selection, found: DataError) -> DataError {
        match found {
            DataError::Parse { .. } => self.check(&selection.path).err().unwrap_or(found),
            _ => found,
        }
    }

    /// Parses the lines of a file in their order, up to an error.
    fn check(&self, path: &Path) -> Result<(), DataError> {
        let mut lines = Lines::open(path)?;
        let mut line = Line::default();
        while lines.read(&mut line)? {
            if self.format.is_example(&line.bytes) {
                self.format.parse(TextLine::new(path, &line)?, &mut Examples::empty(self.schema()))?;
            }
        }
        Ok(())
    }

    /// A part of the next batch, if there is one; other lines are not parsed.
    fn read_batch(
        &self,
        lines: &mut Shuffled,
        batch: NonZeroUsize,
        part: Part,
    ) -> Result<Option<Examples>, DataError> {
        let mut examples = Examples::empty(self.schema());
        let (mut read, own) = (0, part.of(batch));
        while read < batch.get() && lines.advance(&self.format)? {
            if own.contains(&read) {
                self.format.parse(lines.text()?, &mut examples)?;
            }
            read += 1;
        }
        Ok((read > 0).then_some(examples))
    }
}

impl<F: LineFormat> Dataset for StreamData<F> {
    fn state(&self) -> &DataState {
        &self.state
    }

    fn choice(&self) -> Option<String> {
        self.format.choice()
    }

    fn train_len(&self) -> Option<usize> {
        self.lengths.map(|(train, _)| train)
    }

    fn test_len(&self) -> Option<usize> {
        self.lengths.map(|(_, test)| test)
    }

    fn train_part(&self, seed: u64, epoch: u64, batch: NonZeroUsize, part: Part) -> Batches<'_> {
        self.batches(&self.train, Some(generator(seed, epoch)), batch, part)
    }

    fn test_part(&self, batch: NonZeroUsize, part: Part) -> Batches<'_> {
        self.batches(&self.test, None, batch, part)
    }
}

/// The example lines of a set in a shuffled order: each line read takes the place of a random
/// line of a full buffer, which is then the next one. Lines change places by swapping, so that
/// the buffer's allocations are reused for the whole epoch.
struct Shuffled {
    selection: Selection,
    /// Opened by the first [`Self::advance`]; gone at the end of the file.
    lines: Option<Lines>,
    started: bool,
    /// The index of the next example.
    index: u64,
    /// `None` keeps the file's order.
    rng: Option<Pcg64>,
    buffer: Vec<Line>,
    buffered_bytes: usize,
    current: Line,
}

impl Shuffled {
    fn new(selection: Selection, rng: Option<Pcg64>) -> Self {
        Self {
            selection,
            lines: None,
            started: false,
            index: 0,
            rng,
            buffer: Vec::new(),
            buffered_bytes: 0,
            current: Line::default(),
        }
    }

    /// Moves on to the next line; false after the last.
    fn advance(&mut self, format: &impl LineFormat) -> Result<bool, DataError> {
        if !self.started {
            self.started = true;
            self.lines = Some(Lines::open(&self.selection.path)?);
        }
        while self.read_kept(format)? {
            let Some(rng) = &mut self.rng else {
                return Ok(true);
            };
            if self.buffer.len() < SHUFFLE_LINES && self.buffered_bytes < SHUFFLE_BYTES {
                self.buffered_bytes += self.current.bytes.len();
                self.buffer.push(std::mem::take(&mut self.current));
            } else {
                let place = below(rng, self.buffer.len());
                std::mem::swap(&mut self.buffer[place], &mut self.current);
                return Ok(true);
            }
        }
        Ok(self.drain())
    }

    /// Reads the next line of the set into `current`; false at the end of the file.
    fn read_kept(&mut self, format: &impl LineFormat) -> Result<bool, DataError> {
        while let Some(lines) = &mut self.lines {
            if !lines.read(&mut self.current)? {
                self.lines = None;
            } else if format.is_example(&self.current.bytes) {
                self.index += 1;
                if self.selection.keep.takes(self.index - 1) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes a random line of the buffer; false if there is none.
    fn drain(&mut self) -> bool {
        match &mut self.rng {
            Some(rng) if !self.buffer.is_empty() => {
                let place = below(rng, self.buffer.len());
                self.current = self.buffer.swap_remove(place);
                true
            }
            _ => false,
        }
    }

    /// The line that [`Self::advance`] moved to.
    fn text(&self) -> Result<TextLine<'_>, DataError> {
        TextLine::new(&self.selection.path, &self.current)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io::Write;

    use tempfile::NamedTempFile;

    use super::super::{Format, Ids, Schema};
    use super::*;

    /// A label per line; `#` lines are no examples.
    struct Labels;

    impl LineFormat for Labels {
        fn is_example(&self, line: &[u8]) -> bool {
            !line.starts_with(b"#")
        }

        fn parse(&self, line: TextLine<'_>, examples: &mut Examples) -> Result<(), DataError> {
            let label = line.text.parse();
            let label = label.map_err(|_| line.error("label", "a number", line.text))?;
            examples.labels.push(label);
            Ok(())
        }
    }

    fn file(text: &str) -> std::io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new()?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    }

    fn stream(train: &Path, test: Option<&Path>) -> StreamData<Labels> {
        let schema = Schema { numeric: Vec::new(), features: Vec::new() };
        StreamData::new(DataState::new(Format::Libsvm, schema, Ids::Rows), Labels, train, test)
    }

    fn labels(batches: Batches<'_>) -> Result<Vec<f32>, DataError> {
        let batches = batches.map(|batch| Ok(batch?.labels));
        Ok(batches.collect::<Result<Vec<_>, _>>()?.concat())
    }

    const BATCH: NonZeroUsize = NonZeroUsize::new(7).unwrap();

    fn numbers(n: usize) -> String {
        (0..n).map(|i| format!("# note\n{i}\n")).collect()
    }

    #[test]
    fn every_tenth_example_is_held_out_and_comments_do_not_count() -> Result<(), Box<dyn Error>> {
        let file = file(&numbers(25))?;
        let data = stream(file.path(), None).counted(25, None);
        assert_eq!(labels(data.test(BATCH))?, [9.0, 19.0]);
        let mut train = labels(data.train(1, 0, BATCH))?;
        assert_eq!(train.len(), 23);
        train.sort_by(f32::total_cmp);
        train.dedup();
        assert_eq!(train.len(), 23);
        assert!(!train.contains(&9.0) && !train.contains(&19.0));
        assert_eq!((data.train_len(), data.test_len()), (Some(23), Some(2)));
        Ok(())
    }

    #[test]
    fn a_test_file_leaves_nothing_held_out_and_keeps_its_order() -> Result<(), Box<dyn Error>> {
        let (train, test) = (file(&numbers(20))?, file("3\n1\n2")?);
        let data = stream(train.path(), Some(test.path()));
        assert_eq!(labels(data.train(1, 0, BATCH))?.len(), 20);
        assert_eq!(labels(data.test(BATCH))?, [3.0, 1.0, 2.0]);
        assert_eq!((data.train_len(), data.test_len()), (None, None));
        let data = data.counted(20, Some(3));
        assert_eq!((data.train_len(), data.test_len()), (Some(20), Some(3)));
        Ok(())
    }

    #[test]
    fn the_order_is_a_function_of_seed_and_epoch() -> Result<(), Box<dyn Error>> {
        let file = file(&numbers(100))?;
        let data = stream(file.path(), None);
        let order = |seed, epoch| labels(data.train(seed, epoch, BATCH));
        assert_eq!(order(1, 0)?, order(1, 0)?);
        assert_ne!(order(1, 0)?, order(1, 1)?);
        assert_ne!(order(1, 0)?, order(2, 0)?);
        Ok(())
    }

    #[test]
    fn ranks_parse_their_parts_of_the_same_batches() -> Result<(), Box<dyn Error>> {
        // of the last batch of three, the last rank has nothing
        let file = file(&numbers(17))?;
        let data = stream(file.path(), Some(file.path()));
        let batches = |part| -> Result<Vec<Vec<f32>>, DataError> {
            data.train_part(1, 0, BATCH, part).map(|batch| Ok(batch?.labels)).collect()
        };
        let parts = [0, 1, 2].map(|rank| batches(Part::of_rank(rank, 3)));
        let [first, second, third] = parts;
        let (first, second, third) = (first?, second?, third?);
        assert_eq!([&first, &second, &third].map(|part| part[2].len()), [3, 0, 0]);
        let together: Vec<Vec<f32>> = (0..3).map(|i| [&*first[i], &second[i], &third[i]].concat()).collect();
        assert_eq!(together, batches(Part::ALL)?);
        Ok(())
    }

    #[test]
    fn a_file_larger_than_the_buffer_yields_every_line_once() -> Result<(), Box<dyn Error>> {
        let count = SHUFFLE_LINES + SHUFFLE_LINES / 2;
        let text: String = (0..count).map(|i| format!("{i}\n")).collect();
        let (train, test) = (file(&text)?, file("1")?);
        let data = stream(train.path(), Some(test.path()));
        let order = labels(data.train(1, 0, BATCH))?;
        // The first line out is one of those read into the buffer before it.
        assert!(order[0] < SHUFFLE_LINES as f32);
        let mut sorted = order.clone();
        sorted.sort_by(f32::total_cmp);
        assert_ne!(order, sorted);
        assert!(sorted.into_iter().eq((0..count).map(|i| i as f32)));
        Ok(())
    }

    #[test]
    fn an_error_names_the_line_wherever_it_was_shuffled_to_and_ends_the_epoch() -> Result<(), Box<dyn Error>>
    {
        let file = file("0\n1\nx\n3\n")?;
        let data = stream(file.path(), Some(file.path()));
        for batches in [data.train(1, 0, BATCH), data.test(BATCH)] {
            let results: Vec<_> = batches.collect();
            let [Err(error)] = results.as_slice() else {
                return Err(format!("{results:?}").into());
            };
            let expected = ":3: field `label`: expected a number, found `x`";
            assert!(error.to_string().ends_with(expected), "{error}");
        }
        Ok(())
    }

    #[test]
    fn of_many_bad_lines_the_first_is_named_held_out_or_not() -> Result<(), Box<dyn Error>> {
        for (good, bad) in [(20, 21), (9, 10)] {
            let file = file(&(numbers(good) + &"x\n".repeat(500)))?;
            let data = stream(file.path(), None);
            let error = data.train(1, 0, BATCH).find_map(Result::err).ok_or("no error")?;
            // a note before each good line
            let expected = format!(":{}: field `label`", good + bad);
            assert!(error.to_string().contains(&expected), "{error}");
        }
        Ok(())
    }

    #[test]
    fn a_pass_without_an_example_is_an_error() -> Result<(), Box<dyn Error>> {
        let (none, few) = (file("# note\n")?, file(&numbers(9))?);
        let error = |batches: Batches<'_>| {
            let mut errors = batches.filter_map(Result::err).map(|error| error.to_string());
            (errors.next().unwrap_or_default(), errors.next())
        };
        let expected = |path: &Path, what: &str| {
            (format!("`{}`: expected at least one {what}, found none", path.display()), None)
        };
        let data = stream(none.path(), Some(none.path()));
        assert_eq!(error(data.train(1, 0, BATCH)), expected(none.path(), TRAINING));
        assert_eq!(error(data.test(BATCH)), expected(none.path(), TEST));
        let data = stream(few.path(), None);
        assert_eq!(error(data.train(1, 0, BATCH)), (String::new(), None));
        assert_eq!(error(data.test(BATCH)), expected(few.path(), HELD_OUT));
        Ok(())
    }

    #[test]
    fn a_file_that_is_not_there_is_the_first_item() {
        let data = stream(Path::new("no/such"), None);
        let mut batches = data.train(1, 0, BATCH);
        assert!(matches!(batches.next(), Some(Err(DataError::Open { .. }))));
        assert!(batches.next().is_none());
    }
}
