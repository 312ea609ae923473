//! `label id:value ...` (libsvm, svmlight) and `label field:id:value ...` (libffm).
//!
//! Ids may be any 32-bit number, as hashing tools write them; each is hashed with its slot to a
//! row of one shared table ([`hashed_row`]), and its value becomes its weight in a summed bag; or to
//! a raw id, whose value must be 1, as tables of raw ids take no weights. The
//! slot of an id is its field in libffm, and its position in the line in libsvm, where one-hot
//! data has its columns in a fixed order. A slot without ids in a line is an empty bag. Blank
//! lines, and what follows a `#`, are skipped.

mod entry;

use std::path::Path;

use self::entry::{Entry, Kind, entry, is_example, label, split};
use super::lines::{Line, Lines, TextLine};
use super::random::{hashed, hashed_row};
use super::stream::{LineFormat, StreamData};
use super::{DataError, DataState, Examples, FeatureSpec, Format, Ids, Schema};

/// Streams `train`, and `test` or else every tenth example of `train` as the test set. A first
/// pass over the files finds and checks the slots.
pub fn open(
    train: &Path,
    test: Option<&Path>,
    rows: Option<u32>,
    state: Option<&DataState>,
) -> Result<StreamData<Libsvm>, DataError> {
    let mut scan = Scan { ids: if rows.is_some() { Ids::Rows } else { Ids::Raw }, ..Scan::default() };
    scan.read(train)?;
    let train_examples = scan.examples;
    if let Some(test) = test {
        scan.read(test)?;
    }
    let Some(kind) = scan.kind else {
        return Err(DataError::Empty { path: train.to_owned(), expected: "example with an id" });
    };
    let state = match state {
        Some(state) => resume(state, kind, scan.slots, rows)?,
        None => DataState::new(Format::Libsvm, schema(kind, scan.slots, rows), scan.ids),
    };
    let format = Libsvm { kind, rows };
    let test_examples = test.map(|_| scan.examples - train_examples);
    Ok(StreamData::new(state, format, train, test).counted(train_examples, test_examples))
}

/// The checkpoint's state, if it has at least the slots of the files.
fn resume(state: &DataState, kind: Kind, slots: usize, rows: Option<u32>) -> Result<DataState, DataError> {
    let saved = state.schema.features.len();
    state.verify(0, 0, |_| schema(kind, saved, rows))?;
    if slots > saved {
        let expected = format!("a file of at most the checkpoint's {saved} slots");
        return Err(DataError::argument("--train", expected, slots.to_string()));
    }
    Ok(state.clone())
}

fn schema(kind: Kind, slots: usize, rows: Option<u32>) -> Schema {
    let feature = |slot| FeatureSpec {
        name: format!("{}_{slot}", kind.slot_name()),
        table: "ids".to_owned(),
        rows: rows.unwrap_or(0),
        mean: false,
        weighted: rows.is_some(),
    };
    Schema { numeric: Vec::new(), features: (0..slots).map(feature).collect() }
}

/// What the first pass finds.
#[derive(Debug, Default)]
struct Scan {
    /// That of the first id found.
    kind: Option<Kind>,
    slots: usize,
    examples: u64,
    ids: Ids,
}

impl Scan {
    fn read(&mut self, path: &Path) -> Result<(), DataError> {
        let mut lines = Lines::open(path)?;
        let mut line = Line::default();
        while lines.read(&mut line)? {
            if is_example(&line.bytes) {
                self.examples += 1;
                self.read_line(TextLine::new(path, &line)?)?;
            }
        }
        Ok(())
    }

    fn read_line(&mut self, line: TextLine<'_>) -> Result<(), DataError> {
        let (label_text, mut entries) = split(line);
        label(line, label_text)?;
        if self.kind.is_none() {
            self.kind = entries.clone().next().map(|entry| {
                match entry.bytes().filter(|&byte| byte == b':').count() {
                    2 => Kind::Libffm,
                    _ => Kind::Libsvm,
                }
            });
        }
        let Some(kind) = self.kind else {
            return Ok(());
        };
        entries.by_ref().enumerate().try_for_each(|(position, text)| {
            let Entry { slot, value, .. } = entry(line, kind, position, text)?;
            if self.ids == Ids::Raw {
                unweighted(line, value)?;
            }
            self.slots = self.slots.max(slot + 1);
            Ok(())
        })
    }
}

/// The format of a file whose slots are known.
#[derive(Debug)]
pub struct Libsvm {
    kind: Kind,
    /// Of the shared table; none where ids are raw.
    rows: Option<u32>,
}

impl LineFormat for Libsvm {
    fn is_example(&self, line: &[u8]) -> bool {
        is_example(line)
    }

    fn parse(&self, line: TextLine<'_>, examples: &mut Examples) -> Result<(), DataError> {
        let (label_text, entries) = split(line);
        examples.labels.push(label(line, label_text)?);
        let bags = &mut examples.features;
        bags.iter_mut().for_each(|bag| bag.lengths.push(0));
        for (position, text) in entries.enumerate() {
            let Entry { slot, id, value } = entry(line, self.kind, position, text)?;
            let slots = bags.len();
            let Some(bag) = bags.get_mut(slot) else {
                // The file has changed since the first pass.
                let expected = format!("one of the {slots} slots of the first pass");
                return Err(line.error(self.kind.slot_name(), expected, text));
            };
            let (slot, id) = (slot as u64, u64::from(id));
            match self.rows {
                Some(rows) => {
                    bag.values.push(hashed_row(slot, id, rows).into());
                    bag.weights.get_or_insert_default().push(value);
                }
                None => {
                    unweighted(line, value)?;
                    bag.values.push(hashed(slot, id));
                }
            }
            if let Some(length) = bag.lengths.last_mut() {
                *length += 1;
            }
        }
        Ok(())
    }
}

/// Refuses a weight, which tables of raw ids do not take.
fn unweighted(line: TextLine<'_>, value: f32) -> Result<(), DataError> {
    match value {
        1.0 => Ok(()),
        _ => Err(line.error("value", "1, as --embedding chunked takes no weights", &value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::num::NonZeroUsize;

    use super::super::{Batches, Dataset};
    use super::entry::MAX_SLOTS;
    use super::*;

    const ROWS: u32 = 1000;

    fn with_file<T>(text: &str, read: impl FnOnce(&Path) -> T) -> std::io::Result<T> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("train.txt");
        std::fs::write(&path, text)?;
        Ok(read(&path))
    }

    fn batch(mut batches: Batches<'_>) -> Result<Examples, Box<dyn Error>> {
        Ok(batches.next().ok_or("no examples")??)
    }

    /// The schema and all examples of a file, in its order.
    fn load(text: &str) -> Result<(Schema, Examples), Box<dyn Error>> {
        with_file(text, |path| {
            let data = open(path, Some(path), Some(ROWS), None)?;
            Ok((data.schema().clone(), batch(data.test(NonZeroUsize::MAX))?))
        })?
    }

    fn row(slot: u64, id: u64) -> u64 {
        hashed_row(slot, id, ROWS).into()
    }

    #[test]
    fn libsvm_slots_are_positions() -> Result<(), Box<dyn Error>> {
        let text = "+1 4294967295:1 7:0.5\n\n# note\n-1 3:2 # note\n  0\n1 1:1 1:1 1:-1\n";
        let (schema, examples) = load(text)?;
        assert_eq!(schema.features.len(), 3);
        assert_eq!(schema.features[2].name, "position_2");
        assert_eq!((schema.features[0].rows, schema.numeric.len()), (ROWS, 0));
        assert_eq!(examples.labels, [1.0, 0.0, 0.0, 1.0]);
        let [first, second, third] = examples.features.as_slice() else {
            return Err("three slots".into());
        };
        assert_eq!(first.values, [row(0, u64::from(u32::MAX)), row(0, 3), row(0, 1)]);
        assert_eq!(first.weights.as_deref(), Some([1.0, 2.0, 1.0].as_slice()));
        assert_eq!(second.lengths, [1, 0, 0, 1]);
        assert_eq!(third.lengths, [0, 0, 0, 1]);
        assert_eq!(third.weights.as_deref(), Some([-1.0].as_slice()));
        Ok(())
    }

    #[test]
    fn libffm_slots_are_fields_and_may_repeat() -> Result<(), Box<dyn Error>> {
        let (schema, examples) = load("1 2:5:1 0:6:0.5 2:7:2\n0 1:5:1\n")?;
        assert_eq!(schema.features.len(), 3);
        assert_eq!(schema.features[2].name, "field_2");
        let lengths: Vec<_> = examples.features.iter().map(|bag| bag.lengths.clone()).collect();
        assert_eq!(lengths, [[1, 0], [0, 1], [2, 0]]);
        assert_eq!(examples.features[2].values, [row(2, 5), row(2, 7)]);
        Ok(())
    }

    #[test]
    fn bad_lines_are_named_before_training_starts() -> std::io::Result<()> {
        let positions = format!("1{}\n", " 1:1".repeat(MAX_SLOTS + 1));
        let cases = [
            ("2 1:1\n", ":1: field `label`: expected -1, 0, 1 or +1, found `2`"),
            ("1 1\n", ":1: field `entry`: expected `id:value`, found `1`"),
            ("1 1:1\n1 0:1:1\n", ":2: field `entry`: expected `id:value`, found `0:1:1`"),
            ("1 0:1:1\n1 0:1:1:1\n", ":2: field `entry`: expected `field:id:value`, found `0:1:1:1`"),
            (
                "1 4294967296:1\n",
                ":1: field `id`: expected a whole number from 0 to 4294967295, found `4294967296`",
            ),
            ("1 1:nan\n", ":1: field `value`: expected a finite number, found `nan`"),
            ("1 x:1:1\n", ":1: field `field`: expected a whole number, found `x`"),
            ("1 1024:1:1\n", ":1: field `field`: expected at most 1024 slots, numbered from 0, found `1024`"),
            (&positions, ":1: field `position`: expected at most 1024 slots, numbered from 0, found `1024`"),
            ("# nothing\n1\n", "expected at least one example with an id, found none"),
        ];
        for (text, expected) in cases {
            let result = with_file(text, |path| open(path, None, Some(ROWS), None))?;
            let error = result.err().map_or_else(String::new, |error| error.to_string());
            assert!(error.ends_with(expected), "{error}");
        }
        Ok(())
    }

    #[test]
    fn every_tenth_example_is_held_out_and_counted() -> Result<(), Box<dyn Error>> {
        let data = with_file(&"# note\n1 1:1\n".repeat(30), |path| open(path, None, Some(ROWS), None))??;
        assert_eq!((data.train_len(), data.test_len()), (Some(27), Some(3)));
        Ok(())
    }

    #[test]
    fn a_resumed_run_keeps_the_slots_and_refuses_more() -> Result<(), Box<dyn Error>> {
        let resume =
            |text: &str, state: &DataState| with_file(text, |path| open(path, None, Some(50), Some(state)));
        let state = DataState::new(Format::Libsvm, schema(Kind::Libsvm, 2, Some(50)), Ids::Rows);
        assert_eq!(resume("1 1:1\n", &state)??.state(), &state);
        let error = |text| -> std::io::Result<String> {
            let error = resume(text, &state)?.err();
            Ok(error.map_or_else(String::new, |error| error.to_string()))
        };
        assert_eq!(
            error("1 1:1 1:1 1:1\n")?,
            "--train: expected a file of at most the checkpoint's 2 slots, got 3"
        );
        assert!(error("1 1:1:1\n")?.contains("other columns"));
        Ok(())
    }
}
