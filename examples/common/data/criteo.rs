//! Criteo's display advertising logs (Kaggle's and the terabyte's): tab-separated lines of a
//! label, 13 integers and 26 categories of up to 8 hexadecimal digits; either may be empty.
//!
//! The lines are streamed, so that neither form needs a statistic or a vocabulary over all of
//! them: an integer x becomes sign(x) ln(1 + |x|), an empty one 0 (Kaggle's integers go down to
//! -3, and a large count differs from a larger one by its magnitude only); a category is hashed
//! to a row of a table of its own, whose row 0 stands for an empty one, or to a raw id.

use std::path::Path;

use super::lines::TextLine;
use super::random::{hashed, hashed_row};
use super::stream::{LineFormat, StreamData};
use super::{DataError, DataState, Examples, FeatureSpec, Format, Ids, Schema};

const INTEGERS: usize = 13;
const CATEGORIES: usize = 26;
const FIELDS: usize = 1 + INTEGERS + CATEGORIES;
/// The row of an empty category.
const MISSING: u64 = 0;
/// What an empty category is hashed as where ids are raw: no other category has more than 32 bits.
const EMPTY: u64 = u64::MAX;

/// Streams `train`, and `test` or else every tenth line of `train` as the test set. Categories are hashed to
/// `rows` rows, or to raw ids.
pub fn open(
    train: &Path,
    test: Option<&Path>,
    rows: Option<u32>,
    state: Option<&DataState>,
) -> Result<StreamData<Criteo>, DataError> {
    if let Some(rows @ ..2) = rows {
        let expected = "at least 2 for --format criteo, whose row 0 is the missing category's";
        return Err(DataError::argument("--hash-rows", expected, rows.to_string()));
    }
    if let Some(state) = state {
        state.verify(0, 0, |_| schema(rows.unwrap_or(0)))?;
    }
    let ids = if rows.is_some() { Ids::Rows } else { Ids::Raw };
    let state = DataState::new(Format::Criteo, schema(rows.unwrap_or(0)), ids);
    Ok(StreamData::new(state, Criteo { rows }, train, test))
}

/// The columns, named by their 1-based numbers as in Criteo's description.
pub fn schema(rows: u32) -> Schema {
    let feature = |number| {
        let name = format!("category_{number}");
        FeatureSpec { table: name.clone(), name, rows, mean: false, weighted: false }
    };
    Schema {
        numeric: (1..=INTEGERS).map(|number| format!("integer_{number}")).collect(),
        features: (1..=CATEGORIES).map(feature).collect(),
    }
}

/// The format of a line.
#[derive(Debug)]
pub struct Criteo {
    /// Of each table; none where ids are raw.
    rows: Option<u32>,
}

impl LineFormat for Criteo {
    fn is_example(&self, _line: &[u8]) -> bool {
        true
    }

    fn parse(&self, line: TextLine<'_>, examples: &mut Examples) -> Result<(), DataError> {
        let mut fields = line.text.split('\t');
        let mut next = |done: usize| {
            let expected = format!("{FIELDS} tab-separated fields");
            (fields.next()).ok_or_else(|| line.error("line", expected, &format!("{done} fields")))
        };
        examples.labels.push(label(line, next(0)?)?);
        for number in 1..=INTEGERS {
            examples.numeric.push(magnitude(line, number, next(number)?)?);
        }
        for (number, bags) in (1..=CATEGORIES).zip(&mut examples.features) {
            bags.push([self.id(line, number, next(INTEGERS + number)?)?]);
        }
        match fields.next() {
            None => Ok(()),
            Some(_) => {
                let found = format!("{} fields", line.text.split('\t').count());
                Err(line.error("line", format!("{FIELDS} tab-separated fields"), &found))
            }
        }
    }
}

impl Criteo {
    /// The id of category `number`.
    fn id(&self, line: TextLine<'_>, number: usize, text: &str) -> Result<u64, DataError> {
        if text.is_empty() {
            return Ok(self.rows.map_or(hashed(number as u64, EMPTY), |_| MISSING));
        }
        // `from_str_radix` alone would take a sign too.
        let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(text);
        let id = digits.and_then(|text| u32::from_str_radix(text, 16).ok());
        let id = id.ok_or_else(|| {
            let field = format!("category_{number}");
            line.error(&field, "up to 8 hexadecimal digits or nothing", text)
        })?;
        let (slot, id) = (number as u64, u64::from(id));
        Ok(self.rows.map_or(hashed(slot, id), |rows| u64::from(1 + hashed_row(slot, id, rows - 1))))
    }
}

fn label(line: TextLine<'_>, text: &str) -> Result<f32, DataError> {
    match text {
        "0" => Ok(0.0),
        "1" => Ok(1.0),
        _ => Err(line.error("label", "0 or 1", text)),
    }
}

/// sign(x) ln(1 + |x|) of integer `number`, or 0 where it is empty.
fn magnitude(line: TextLine<'_>, number: usize, text: &str) -> Result<f32, DataError> {
    if text.is_empty() {
        return Ok(0.0);
    }
    let value: i32 = text
        .parse()
        .map_err(|_| line.error(&format!("integer_{number}"), "a 32-bit integer or nothing", text))?;
    let size = f64::from(value.unsigned_abs()).ln_1p();
    #[expect(clippy::cast_possible_truncation, reason = "a model input needs no more precision")]
    let size = size as f32;
    Ok(if value < 0 { -size } else { size })
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::num::NonZeroUsize;

    use super::super::Dataset;
    use super::*;

    const ROWS: u32 = 1000;

    /// A line with the given integer and category in the first column of their kind.
    fn line(label: &str, integer: &str, category: &str) -> String {
        let integers = format!("{integer}{}", "\t".repeat(INTEGERS - 1));
        let categories = format!("{category}{}", "\t".repeat(CATEGORIES - 1));
        format!("{label}\t{integers}\t{categories}\n")
    }

    /// All examples of a file, in its order.
    fn load(text: &str) -> Result<Examples, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("day_0");
        std::fs::write(&path, text)?;
        let data = open(&path, Some(&path), Some(ROWS), None)?;
        let mut batches = data.test(NonZeroUsize::MAX);
        Ok(batches.next().ok_or("no examples")??)
    }

    #[test]
    fn empty_and_negative_fields_are_read() -> Result<(), Box<dyn Error>> {
        let text = line("1", "", "") + &line("0", "-2", "68fd1e64") + &line("0", "99", "68FD1E64");
        let examples = load(&text)?;
        assert_eq!(examples.labels, [1.0, 0.0, 0.0]);
        let first: Vec<f32> = examples.numeric.iter().step_by(INTEGERS).copied().collect();
        assert_eq!(first, [0.0, -(3_f32.ln()), 100_f32.ln()]);
        let row = u64::from(1 + hashed_row(1, 0x68fd_1e64, ROWS - 1));
        assert_eq!(examples.features[0].values, [MISSING, row, row]);
        assert_eq!(examples.features[25].values, [MISSING; 3]);
        assert_eq!(examples.features[25].lengths, [1; 3]);
        Ok(())
    }

    #[test]
    fn raw_ids_differ_by_column_and_an_empty_category_is_one_too() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("day_0");
        std::fs::write(&path, line("1", "", "") + &line("0", "", "68fd1e64"))?;
        let data = open(&path, Some(&path), None, None)?;
        assert_eq!(data.state().ids, Ids::Raw);
        let examples = data.test(NonZeroUsize::MAX).next().ok_or("no examples")??;
        assert_eq!(examples.features[0].values, [hashed(1, EMPTY), hashed(1, 0x68fd_1e64)]);
        assert_eq!(examples.features[25].values, [hashed(26, EMPTY); 2]);
        Ok(())
    }

    #[test]
    fn bad_lines_are_named() {
        let good = line("1", "", "");
        let cases = [
            (line("2", "", ""), ":1: field `label`: expected 0 or 1, found `2`"),
            (
                good.clone() + &line("1", "1.5", ""),
                ":2: field `integer_1`: expected a 32-bit integer or nothing, found `1.5`",
            ),
            (
                line("1", "", "xyz"),
                ":1: field `category_1`: expected up to 8 hexadecimal digits or nothing, found `xyz`",
            ),
            (
                line("1", "", "123456789"),
                ":1: field `category_1`: expected up to 8 hexadecimal digits or nothing, \
                 found `123456789`",
            ),
            ("0\t\t\n".to_owned(), ":1: field `line`: expected 40 tab-separated fields, found `3 fields`"),
            (
                good.replace('\n', "\t\n"),
                ":1: field `line`: expected 40 tab-separated fields, found `41 fields`",
            ),
        ];
        for (text, expected) in cases {
            let error = load(&text).err().map_or_else(String::new, |error| error.to_string());
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn a_table_needs_a_row_beside_the_missing_one() {
        let error = open(Path::new("unread"), None, Some(1), None).err();
        assert!(error.is_some_and(|error| {
            error.to_string().starts_with("--hash-rows: expected at least 2 for --format criteo")
        }));
    }

    #[test]
    fn a_resumed_run_takes_the_checkpoint_s_rows() -> Result<(), DataError> {
        let state = DataState::new(Format::Criteo, schema(50), Ids::Rows);
        let data = open(Path::new("unread"), None, Some(50), Some(&state))?;
        assert_eq!(data.state(), &state);
        assert_eq!(data.train_len(), None);
        Ok(())
    }
}
