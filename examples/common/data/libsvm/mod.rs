//! `label id:value ...` (libsvm, svmlight) and `label field:id:value ...` (libffm).
//!
//! Ids may be any 32-bit number, as hashing tools write them; each is hashed with its slot to a
//! row of one shared table ([`hashed_row`]), and its value becomes its weight in a summed bag; or
//! to a raw id, whose value must be 1, as tables of raw ids take no weights.
//!
//! libsvm's index names a column, wherever it stands in the line, and zeros are left out: the slot
//! follows from the index alone. A line is one slot, a bag of its ids, unless the training file
//! shows columns with an id of each in every line ([`Columns`]), which then are the slots. On
//! demand the slot is the place in the line. In libffm it is the field. A slot without ids in a
//! line is an empty bag. Blank lines, and what follows a `#`, are skipped.

mod entry;
mod slots;

use std::path::Path;

use self::entry::{Kind, entry, is_example, label, split};
use self::slots::{Columns, MAX_SLOTS, Slots};
use super::lines::{Line, Lines, TextLine};
use super::random::{hashed, hashed_row};
use super::stream::{LineFormat, StreamData};
use super::{DataError, DataState, Examples, Format, Ids};

/// Streams `train`, and `test` or else every tenth example of `train` as the test set. A first
/// pass over the files finds and checks the slots.
pub fn open(
    train: &Path,
    test: Option<&Path>,
    rows: Option<u32>,
    by_position: bool,
    state: Option<&DataState>,
) -> Result<StreamData<Libsvm>, DataError> {
    let ids = if rows.is_some() { Ids::Rows } else { Ids::Raw };
    let saved = state.map(|state| saved_slots(state, rows, by_position)).transpose()?;
    let positions = by_position || matches!(saved, Some(Slots::Positions(_)));
    let mut scan = Scan { ids, positions, ..Scan::default() };
    scan.read(train)?;
    let train_examples = scan.examples;
    let columns = scan.columns.slots();
    if let Some(test) = test {
        scan.read(test)?;
    }
    let found = scan.slots(train, columns)?;
    if by_position && found.kind() == Kind::Libffm {
        return Err(DataError::argument("--slots", "lines of `id:value`", "fields, which are slots"));
    }
    let slots = match saved {
        Some(saved) => fit(saved, &found)?,
        None => found,
    };
    let state = DataState::new(Format::Libsvm, slots.schema(rows), ids);
    let test_examples = test.map(|_| scan.examples - train_examples);
    Ok(StreamData::new(state, Libsvm { slots, rows }, train, test).counted(train_examples, test_examples))
}

/// The slots of a checkpoint.
fn saved_slots(state: &DataState, rows: Option<u32>, by_position: bool) -> Result<Slots, DataError> {
    let Some(slots) = Slots::of(&state.schema) else {
        return Err(DataError::argument("--resume", "the columns of libsvm", "others"));
    };
    state.verify(0, 0, |_| slots.schema(rows))?;
    if by_position && !matches!(slots, Slots::Positions(_)) {
        let expected = format!("the checkpoint's {}", slots.describe());
        return Err(DataError::argument("--slots", expected, "places in the line"));
    }
    Ok(slots)
}

/// The checkpoint's slots, if those of the files are among them.
fn fit(saved: Slots, found: &Slots) -> Result<Slots, DataError> {
    if saved.kind() != found.kind() {
        let (expected, got) = (format!("a file for the checkpoint's {}", saved.describe()), found.describe());
        return Err(DataError::argument("--train", expected, got));
    }
    match (&saved, found) {
        (Slots::Fields(saved), Slots::Fields(found)) | (Slots::Positions(saved), Slots::Positions(found))
            if found > saved =>
        {
            let expected = format!("a file of at most the checkpoint's {saved} slots");
            Err(DataError::argument("--train", expected, found.to_string()))
        }
        _ => Ok(saved),
    }
}

/// What the first pass finds.
#[derive(Debug, Default)]
struct Scan {
    ids: Ids,
    /// Whether slots are places in the line.
    positions: bool,
    /// That of the first id found.
    kind: Option<Kind>,
    /// Above all fields, or the length of the longest line.
    places: usize,
    columns: Columns,
    examples: u64,
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
            self.kind = entries.clone().next().map(Kind::of);
        }
        let mut ids = Vec::new();
        if let Some(kind) = self.kind {
            entries.try_for_each(|text| {
                let entry = entry(line, kind, text)?;
                if self.ids == Ids::Raw {
                    unweighted(line, entry.value)?;
                }
                ids.push(entry.id);
                let places = if kind == Kind::Libffm { entry.field + 1 } else { ids.len() };
                self.places = self.places.max(places);
                match self.positions && places > MAX_SLOTS {
                    true => Err(line.error("line", format!("at most {MAX_SLOTS} ids"), &places.to_string())),
                    false => Ok(()),
                }
            })?;
        }
        self.columns.add(&ids);
        Ok(())
    }

    /// The slots of the files, of which the training file has some `columns`.
    fn slots(&self, train: &Path, columns: Slots) -> Result<Slots, DataError> {
        match self.kind {
            None => Err(DataError::Empty { path: train.to_owned(), expected: "example with an id" }),
            Some(Kind::Libffm) => Ok(Slots::Fields(self.places)),
            Some(Kind::Libsvm) if self.positions => Ok(Slots::Positions(self.places)),
            Some(Kind::Libsvm) => Ok(columns),
        }
    }
}

/// The format of a file whose slots are known.
#[derive(Debug)]
pub struct Libsvm {
    slots: Slots,
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
            let entry = entry(line, self.slots.kind(), text)?;
            let (slot, slots) = (self.slots.slot(position, &entry), bags.len());
            let Some(bag) = bags.get_mut(slot) else {
                // The file has changed since the first pass.
                let expected = format!("one of the {slots} slots of the first pass");
                return Err(line.error("entry", expected, text));
            };
            let (slot, id) = (slot as u64, u64::from(entry.id));
            match self.rows {
                Some(rows) => {
                    bag.values.push(hashed_row(slot, id, rows).into());
                    bag.weights.get_or_insert_default().push(entry.value);
                }
                None => {
                    unweighted(line, entry.value)?;
                    bag.values.push(hashed(slot, id));
                }
            }
            if let Some(length) = bag.lengths.last_mut() {
                *length += 1;
            }
        }
        Ok(())
    }

    fn choice(&self) -> Option<String> {
        Some(self.slots.describe())
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

    use super::super::{Batches, Dataset, Schema};
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
    fn load(text: &str, by_position: bool) -> Result<(Schema, Examples), Box<dyn Error>> {
        with_file(text, |path| {
            let data = open(path, Some(path), Some(ROWS), by_position, None)?;
            Ok((data.schema().clone(), batch(data.test(NonZeroUsize::MAX))?))
        })?
    }

    fn row(slot: u64, id: u64) -> u64 {
        hashed_row(slot, id, ROWS).into()
    }

    #[test]
    fn a_line_is_one_bag_of_its_indices_in_any_order() -> Result<(), Box<dyn Error>> {
        let text = "+1 4294967295:1 7:0.5\n\n# note\n-1 3:2 # note\n  0\n1 7:1 7:1 4294967295:-1\n";
        let (schema, examples) = load(text, false)?;
        let [feature] = schema.features.as_slice() else {
            return Err("one feature".into());
        };
        assert_eq!((&*feature.name, feature.rows, feature.weighted), ("ids", ROWS, true));
        assert_eq!(examples.labels, [1.0, 0.0, 0.0, 1.0]);
        let (seven, last) = (row(0, 7), row(0, u64::from(u32::MAX)));
        assert_eq!(examples.features[0].values, [last, seven, row(0, 3), seven, seven, last]);
        assert_eq!(examples.features[0].lengths, [2, 1, 0, 3]);
        assert_eq!(examples.features[0].weights.as_deref(), Some(&[1.0, 0.5, 2.0, 1.0, 1.0, -1.0][..]));
        Ok(())
    }

    #[test]
    fn columns_of_the_training_file_are_slots_wherever_their_ids_stand() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let [train, test] = ["train", "test"].map(|name| folder.path().join(name));
        std::fs::write(&train, "+1 1:1 10:1\n-1 1:1 11:1\n")?;
        std::fs::write(&test, "+1 10:1\n-1 11:1 2:0.5\n")?;
        let data = open(&train, Some(&test), Some(ROWS), false, None)?;
        let names = data.schema().features.iter().map(|feature| &*feature.name);
        assert_eq!(names.collect::<Vec<_>>(), ["index_1", "index_10"]);
        let examples = batch(data.test(NonZeroUsize::MAX))?;
        let [first, second] = examples.features.as_slice() else {
            return Err("two slots".into());
        };
        assert_eq!((&first.values, &first.lengths), (&vec![row(0, 2)], &vec![0, 1]));
        assert_eq!((&second.values, &second.lengths), (&vec![row(1, 10), row(1, 11)], &vec![1, 1]));
        Ok(())
    }

    #[test]
    fn by_position_slots_are_places_in_the_line() -> Result<(), Box<dyn Error>> {
        let (schema, examples) = load("1 9:1 7:0.5\n0 7:2\n", true)?;
        assert_eq!(schema.features.len(), 2);
        assert_eq!(schema.features[1].name, "position_1");
        assert_eq!(examples.features[0].values, [row(0, 9), row(0, 7)]);
        assert_eq!(examples.features[1].values, [row(1, 7)]);
        assert_eq!(examples.features[1].lengths, [1, 0]);
        Ok(())
    }

    #[test]
    fn libffm_slots_are_fields_and_may_repeat() -> Result<(), Box<dyn Error>> {
        let (schema, examples) = load("1 2:5:1 0:6:0.5 2:7:2\n0 1:5:1\n", false)?;
        assert_eq!(schema.features.len(), 3);
        assert_eq!(schema.features[2].name, "field_2");
        let lengths: Vec<_> = examples.features.iter().map(|bag| bag.lengths.clone()).collect();
        assert_eq!(lengths, [[1, 0], [0, 1], [2, 0]]);
        assert_eq!(examples.features[2].values, [row(2, 5), row(2, 7)]);
        Ok(())
    }

    #[test]
    fn labels_may_have_a_fraction_of_zero() -> Result<(), Box<dyn Error>> {
        let labels = ["1", "+1", "1.0", "+1.0", "0", "-1", "0.0", "-1.0"];
        let text: String = labels.map(|label| format!("{label} 1:1\n")).concat();
        assert_eq!(load(&text, false)?.1.labels, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn bad_lines_are_named_before_training_starts() -> std::io::Result<()> {
        let long = format!("1{}\n", " 1:1".repeat(MAX_SLOTS + 1));
        let cases = [
            ("2 1:1\n", false, ":1: field `label`: expected -1, 0, 1 or +1, found `2`"),
            ("1 1\n", false, ":1: field `entry`: expected `id:value`, found `1`"),
            ("1 1:1\n1 0:1:1\n", false, ":2: field `entry`: expected `id:value`, found `0:1:1`"),
            ("1 0:1:1\n1 0:1:1:1\n", false, ":2: field `entry`: expected `field:id:value`, found `0:1:1:1`"),
            ("1 5000000000:1\n", false, ":1: field `id`: expected an id below 2^32, found `5000000000`"),
            (
                "1 1:nan\n",
                false,
                ":1: field `value`: expected a finite number of at most 3.4e38, found `nan`",
            ),
            (
                "1 1:1e39\n",
                false,
                ":1: field `value`: expected a finite number of at most 3.4e38, found `1e39`",
            ),
            ("1 x:1:1\n", false, ":1: field `field`: expected a whole number below 1024, found `x`"),
            ("1 1024:1:1\n", false, ":1: field `field`: expected a whole number below 1024, found `1024`"),
            ("1 0:1:1\n", true, "--slots: expected lines of `id:value`, got fields, which are slots"),
            (&long, true, ":1: field `line`: expected at most 1024 ids, found `1025`"),
            ("# nothing\n1\n", false, "expected at least one example with an id, found none"),
        ];
        for (text, by_position, expected) in cases {
            let result = with_file(text, |path| open(path, None, Some(ROWS), by_position, None))?;
            let error = result.err().map_or_else(String::new, |error| error.to_string());
            assert!(error.ends_with(expected), "{error}");
        }
        assert!(with_file(&long, |path| open(path, None, Some(ROWS), false, None))?.is_ok(), "a bag");
        Ok(())
    }

    #[test]
    fn every_tenth_example_is_held_out_and_counted() -> Result<(), Box<dyn Error>> {
        let text = "# note\n1 1:1\n".repeat(30);
        let data = with_file(&text, |path| open(path, None, Some(ROWS), false, None))??;
        assert_eq!((data.train_len(), data.test_len()), (Some(27), Some(3)));
        Ok(())
    }

    fn resume(slots: &Slots, text: &str, by_position: bool) -> std::io::Result<Result<DataState, String>> {
        let state = DataState::new(Format::Libsvm, slots.schema(Some(50)), Ids::Rows);
        with_file(text, |path| {
            let data = open(path, None, Some(50), by_position, Some(&state));
            data.map(|data| data.state().clone()).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn a_resumed_run_keeps_the_slots() -> std::io::Result<()> {
        for slots in [Slots::Bag, Slots::Columns(vec![1, 9]), Slots::Positions(2)] {
            let resumed = resume(&slots, "1 1:1\n", false)?;
            assert_eq!(resumed.map(|state| state.schema), Ok(slots.schema(Some(50))));
        }
        assert!(resume(&Slots::Positions(2), "1 1:1\n", true)?.is_ok());
        assert!(resume(&Slots::Bag, "1 1:1 2:1 3:1\n", false)?.is_ok());
        Ok(())
    }

    #[test]
    fn a_resumed_run_refuses_other_slots_and_more() -> std::io::Result<()> {
        let cases = [
            (
                Slots::Positions(2),
                "1 1:1 1:1 1:1\n",
                false,
                "--train: expected a file of at most the checkpoint's 2 slots, got 3",
            ),
            (
                Slots::Positions(2),
                "1 1:1:1\n",
                false,
                "--train: expected a file for the checkpoint's 2 slots, the places in the line, \
                 got 2 slots, libffm's fields",
            ),
            (
                Slots::Bag,
                "1 1:1:1\n",
                false,
                "--train: expected a file for the checkpoint's one bag of all ids of a line, \
                 got 2 slots, libffm's fields",
            ),
            (
                Slots::Bag,
                "1 1:1\n",
                true,
                "--slots: expected the checkpoint's one bag of all ids of a line, got places in the line",
            ),
        ];
        for (slots, text, by_position, expected) in cases {
            let error = resume(&slots, text, by_position)?.err();
            assert_eq!(error.as_deref(), Some(expected));
        }
        Ok(())
    }
}
