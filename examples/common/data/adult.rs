//! UCI Adult (census income): does a person earn more than 50,000 dollars a year?
//!
//! Files with a header are read by it, in any order. UCI's own have none, but a fixed order, blanks behind
//! the commas, and in the test file a first line of another kind and a full stop behind the labels.

use std::path::Path;

use super::memory::MemoryData;
use super::table::{Row, Table};
use super::vocabulary::{Scale, Vocabulary};
use super::{DataError, DataState, Examples, FeatureSpec, Format, Ids, Schema};

/// The columns read: the categorical ones, the numeric ones, then the label.
const COLUMNS: [&str; 15] = [
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native-country",
    "age",
    "fnlwgt",
    "education-num",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "income-per-year",
];
/// The columns of UCI's own files.
const UCI: [&str; 15] = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income-per-year",
];
/// What the first line of UCI's test file begins with.
const NOTE: u8 = b'|';
const CATEGORIES: usize = 8;
const NUMBERS: usize = 6;
const LABEL: usize = CATEGORIES + NUMBERS;

/// A file without `--test` holds out every row whose 0-based index leaves this rest...
const HELD_OUT: usize = 4;
/// ... when divided by this.
const FOLDS: usize = 5;

/// A row of the file: the label, the categories and the logarithms of the numbers.
#[derive(Debug, Clone, PartialEq)]
struct Person {
    label: f32,
    categories: [String; CATEGORIES],
    numbers: [f64; NUMBERS],
}

/// Reads `train`, and `test` or else every fifth row of `train` as the test set.
pub fn open(
    train: &Path,
    test: Option<&Path>,
    ids: Ids,
    state: Option<&DataState>,
) -> Result<MemoryData, DataError> {
    let mut people = read(train)?;
    let held_out = match test {
        Some(test) => read(test)?,
        None => {
            let mut index = 0..;
            people.extract_if(.., |_| index.next().is_some_and(|i| i % FOLDS == HELD_OUT)).collect()
        }
    };
    if people.is_empty() {
        return Err(DataError::Empty { path: train.to_owned(), expected: "training row" });
    }
    let state = match state {
        Some(state) => {
            state.verify(CATEGORIES, NUMBERS, schema)?;
            state.clone()
        }
        None => learn(&people, ids),
    };
    let train = encode(&people, &state);
    let test = encode(&held_out, &state);
    Ok(MemoryData::new(state, train, test))
}

fn read(path: &Path) -> Result<Vec<Person>, DataError> {
    let mut table = Table::open_headless(path, &COLUMNS, &UCI, NOTE)?;
    let mut people = Vec::new();
    while let Some(row) = table.next_row()? {
        people.push(person(row)?);
    }
    Ok(people)
}

fn person(row: Row<'_>) -> Result<Person, DataError> {
    let mut numbers = [0.0; NUMBERS];
    for (column, number) in (CATEGORIES..).zip(&mut numbers) {
        let value = row.read(column, "a finite number of at least 0", |text| {
            text.parse().ok().filter(|x: &f64| x.is_finite() && *x >= 0.0)
        })?;
        *number = value.ln_1p();
    }
    Ok(Person {
        label: row.read(LABEL, "`<=50K` or `>50K`", label)?,
        categories: std::array::from_fn(|column| row.text(column).to_owned()),
        numbers,
    })
}

/// With the full stop of UCI's test file or without.
fn label(text: &str) -> Option<f32> {
    match text.strip_suffix('.').unwrap_or(text) {
        ">50K" => Some(1.0),
        "<=50K" => Some(0.0),
        _ => None,
    }
}

/// Vocabularies, where ids are rows, and scales, from training rows alone.
fn learn(people: &[Person], ids: Ids) -> DataState {
    let vocabulary = |i: usize| Vocabulary::new(people.iter().map(|p| &p.categories[i]), 1);
    let scale = |i: usize| Scale::of(people.iter().map(|p| p.numbers[i]));
    let vocabularies: Vec<Vocabulary> = match ids {
        Ids::Rows => (0..CATEGORIES).map(vocabulary).collect(),
        Ids::Raw => Vec::new(),
    };
    DataState {
        format: Format::Adult,
        schema: schema(&vocabularies),
        vocabularies,
        scales: (0..NUMBERS).map(scale).collect(),
        seed: None,
        ids,
    }
}

/// A table of its own for each category: one id per person.
fn schema(vocabularies: &[Vocabulary]) -> Schema {
    let feature = |(i, &name): (usize, &&str)| FeatureSpec {
        name: name.to_owned(),
        table: name.to_owned(),
        rows: vocabularies.get(i).map_or(0, Vocabulary::table_rows),
        mean: false,
        weighted: false,
    };
    Schema {
        numeric: COLUMNS[CATEGORIES..LABEL].iter().map(|&name| name.to_owned()).collect(),
        features: COLUMNS[..CATEGORIES].iter().enumerate().map(feature).collect(),
    }
}

fn encode(people: &[Person], state: &DataState) -> Examples {
    let mut examples = Examples::empty(&state.schema);
    let keys = state.keys(&COLUMNS[..CATEGORIES]);
    for person in people {
        examples.labels.push(person.label);
        let scaled = person.numbers.iter().zip(&state.scales);
        examples.numeric.extend(scaled.map(|(&number, scale)| scale.apply(number)));
        let columns = examples.features.iter_mut().zip(&keys);
        for ((bags, keys), key) in columns.zip(&person.categories) {
            bags.push([keys.id(key)]);
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::num::NonZeroUsize;

    use super::super::Dataset;
    use super::super::ids::raw_id;
    use super::*;

    /// Another order of columns than the reader's, and one column more.
    const HEADER: &str = "age,extra,workclass,fnlwgt,education,education-num,marital-status,\
        occupation,relationship,race,sex,capital-gain,capital-loss,hours-per-week,native-country,\
        income-per-year\n";

    fn row(age: &str, workclass: &str, label: &str) -> String {
        format!("{age},x,{workclass},10,HS,9,Single,Sales,Own,White,Male,0,0,40,Peru,{label}\n")
    }

    fn with_file<T>(
        rows: &[String],
        read: impl FnOnce(&Path) -> Result<T, DataError>,
    ) -> Result<T, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("adult.csv");
        std::fs::write(&path, HEADER.to_owned() + &rows.concat())?;
        Ok(read(&path)?)
    }

    fn error(row: String) -> String {
        with_file(&[row], |path| open(path, None, Ids::Rows, None))
            .err()
            .map_or_else(String::new, |error| error.to_string())
    }

    /// Ten people of ages 0 to 9, each fifth with a job the others do not have.
    fn ten() -> Vec<String> {
        let job = |i| {
            if i % FOLDS == HELD_OUT { "Rare" } else { "Private" }
        };
        (0..10).map(|i| row(&i.to_string(), job(i), "<=50K")).collect()
    }

    fn test_set(data: &MemoryData) -> Result<Examples, Box<dyn Error>> {
        let mut batches = data.test(NonZeroUsize::MAX);
        Ok(batches.next().ok_or("no test examples")??)
    }

    #[test]
    fn every_fifth_row_is_held_out_and_its_new_categories_are_unknown() -> Result<(), Box<dyn Error>> {
        let data = with_file(&ten(), |path| open(path, None, Ids::Rows, None))?;
        assert_eq!((data.train_len(), data.test_len()), (Some(8), Some(2)));
        let test = test_set(&data)?;
        assert_eq!(test.features[0].values, [0, 0], "workclass");
        assert_eq!(test.features[1].values, [1, 1], "education");
        assert_eq!(data.schema().features[0].rows, 2);
        let ages: Vec<f64> = [0, 1, 2, 3, 5, 6, 7, 8].map(|age| f64::from(age).ln_1p()).to_vec();
        assert_eq!(test.numeric[0], Scale::of(ages).apply(4_f64.ln_1p()));
        assert_eq!(test.numeric.len(), 2 * NUMBERS);
        Ok(())
    }

    #[test]
    fn a_test_file_keeps_all_training_rows() -> Result<(), Box<dyn Error>> {
        let data = with_file(&ten(), |path| open(path, Some(path), Ids::Rows, None))?;
        assert_eq!((data.train_len(), data.test_len()), (Some(10), Some(10)));
        Ok(())
    }

    #[test]
    fn a_resumed_run_keeps_rows_and_scales() -> Result<(), Box<dyn Error>> {
        let first = with_file(&ten(), |path| open(path, None, Ids::Rows, None))?;
        let others = [row("90", "?", ">50K."), row("17", "Private", "<=50K.")];
        let resumed = with_file(&others, |path| open(path, Some(path), Ids::Rows, Some(first.state())))?;
        assert_eq!(resumed.state(), first.state());
        let test = test_set(&resumed)?;
        assert_eq!(test.labels, [1.0, 0.0]);
        assert_eq!(test.features[0].values, [0, 1]);
        assert_eq!(test.numeric[0], first.state().scales[0].apply(90_f64.ln_1p()));
        Ok(())
    }

    #[test]
    fn raw_ids_need_no_vocabulary_and_are_hashes_with_the_column() -> Result<(), Box<dyn Error>> {
        let data = with_file(&ten(), |path| open(path, None, Ids::Raw, None))?;
        assert!(data.state().vocabularies.is_empty());
        let test = test_set(&data)?;
        assert_eq!(test.features.len(), CATEGORIES);
        assert_eq!(test.features[0].values, [raw_id("workclass", b"Rare"); 2]);
        let resumed = with_file(&ten(), |path| open(path, None, Ids::Raw, Some(data.state())))?;
        assert_eq!(resumed.state(), data.state());
        Ok(())
    }

    #[test]
    fn a_question_mark_is_a_category() -> Result<(), Box<dyn Error>> {
        let data = with_file(&[row("1", "?", ">50K")], |path| open(path, Some(path), Ids::Rows, None))?;
        assert_eq!(data.state().vocabularies[0].row("?"), 1);
        Ok(())
    }

    #[test]
    fn uci_s_own_files_are_read() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let [train, test] = ["adult.data", "adult.test"].map(|name| folder.path().join(name));
        let row = |age: u32, label| {
            format!(
                "{age}, Private, 77516, Bachelors, 13, Never-married, Sales, Own-child, White, Male, 2174, 0, 40, \
                 United-States, {label}\n"
            )
        };
        std::fs::write(&train, row(39, "<=50K") + &row(50, ">50K") + "\n")?;
        std::fs::write(&test, "|1x3 Cross validator\n".to_owned() + &row(39, "<=50K.") + &row(50, ">50K."))?;
        let data = open(&train, Some(&test), Ids::Rows, None)?;
        assert_eq!((data.train_len(), data.test_len()), (Some(2), Some(2)));
        let examples = test_set(&data)?;
        assert_eq!(examples.labels, [0.0, 1.0]);
        assert_eq!((examples.numeric[0], examples.numeric[NUMBERS]), (-1.0, 1.0));
        assert_eq!(data.state().vocabularies[7].row("United-States"), 1);
        std::fs::write(&test, "|1x3 Cross validator\n".to_owned() + &row(39, "50K."))?;
        let error = open(&train, Some(&test), Ids::Rows, None).err().map(|error| error.to_string());
        let expected = ":2: field `income-per-year`: expected `<=50K` or `>50K`, found `50K.`";
        assert!(error.is_some_and(|error| error.ends_with(expected)));
        Ok(())
    }

    #[test]
    fn a_damaged_checkpoint_is_refused() -> Result<(), Box<dyn Error>> {
        let first = with_file(&ten(), |path| open(path, None, Ids::Rows, None))?;
        let mut state = first.state().clone();
        state.scales.pop();
        let error = with_file(&ten(), |path| open(path, None, Ids::Rows, Some(&state))).err();
        assert_eq!(
            error.map(|error| error.to_string()).as_deref(),
            Some("--resume: expected 8 vocabularies and 6 scales for adult, got 8 and 5")
        );
        state.clone_from(first.state());
        state.schema.features[2].rows += 1;
        let error = with_file(&ten(), |path| open(path, None, Ids::Rows, Some(&state))).err();
        assert_eq!(
            error.map(|error| error.to_string()).as_deref(),
            Some("--resume: expected the columns of adult, got other columns or table sizes")
        );
        Ok(())
    }

    #[test]
    fn bad_labels_and_numbers_are_named() {
        assert!(
            error(row("1", "a", "50K"))
                .ends_with(":2: field `income-per-year`: expected `<=50K` or `>50K`, found `50K`")
        );
        for age in ["-1", "old", "inf", ""] {
            let expected = format!(":2: field `age`: expected a finite number of at least 0, found `{age}`");
            assert!(error(row(age, "a", ">50K")).ends_with(&expected));
        }
    }

    #[test]
    fn a_header_without_rows_is_an_error() {
        let error = with_file(&[], |path| open(path, None, Ids::Rows, None)).err();
        assert!(error.is_some_and(|error| {
            error.to_string().ends_with("expected at least one training row, found none")
        }));
    }
}
