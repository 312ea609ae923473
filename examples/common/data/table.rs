//! CSV files with a header, read by the names of their columns.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};

use super::DataError;

/// A CSV file of which the named columns are read.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    reader: Reader<File>,
    names: &'static [&'static str],
    /// For each of `names`, where the header has it.
    positions: Vec<usize>,
    record: StringRecord,
}

impl Table {
    /// Opens a file, whose header must have all of `names`, in any order and among others.
    pub fn open(path: &Path, names: &'static [&'static str]) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|cause| DataError::Open { path: path.to_owned(), cause })?;
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
        let header = reader.headers().map_err(|error| csv_error(path, error))?;
        let position = |&name: &&str| {
            header.iter().position(|column| column == name).ok_or_else(|| {
                let found = header.iter().collect::<Vec<_>>().join(",");
                DataError::parse(path, 1, name, "a column of this name", found)
            })
        };
        Ok(Self {
            positions: names.iter().map(position).collect::<Result<_, _>>()?,
            path: path.to_owned(),
            reader,
            names,
            record: StringRecord::new(),
        })
    }

    /// The next row, or `None` after the last.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, DataError> {
        let read = self.reader.read_record(&mut self.record);
        let read = read.map_err(|error| csv_error(&self.path, error))?;
        Ok(read.then_some(Row { table: self }))
    }
}

/// A row of a [`Table`]. Columns are numbered as in the `names` of [`Table::open`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
}

impl<'a> Row<'a> {
    /// The text of a column, without the blanks around it.
    pub fn text(&self, column: usize) -> &'a str {
        // The reader has refused every row whose length is not the header's.
        let position = self.table.positions.get(column);
        position.and_then(|&at| self.table.record.get(at)).unwrap_or("")
    }

    /// A column's value as `read` understands it, or an error saying what was expected.
    pub fn read<T>(
        &self,
        column: usize,
        expected: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, DataError> {
        let text = self.text(column);
        read(text).ok_or_else(|| {
            let line = self.table.record.position().map_or(0, csv::Position::line);
            let name = self.table.names.get(column).copied().unwrap_or("");
            DataError::parse(&self.table.path, line, name, expected, text)
        })
    }
}

/// Says in this program's words what the CSV reader could not read.
fn csv_error(path: &Path, error: csv::Error) -> DataError {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(cause) => DataError::Read { path: path.to_owned(), line, cause },
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let expected = format!("{expected_len} fields as in the header");
            DataError::parse(path, line, "row", expected, format!("{len} fields"))
        }
        ErrorKind::Utf8 { err, .. } => DataError::parse(path, line, "row", "UTF-8 text", err.to_string()),
        other => DataError::parse(path, line, "row", "a CSV record", format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    /// Reads column `b` as a number and column `a` as text.
    fn rows(bytes: &[u8]) -> Result<Vec<(u32, String)>, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("t.csv");
        std::fs::write(&path, bytes)?;
        let mut table = Table::open(&path, &["b", "a"])?;
        let mut rows = Vec::new();
        while let Some(row) = table.next_row()? {
            let number = row.read(0, "a whole number", |text| text.parse().ok())?;
            rows.push((number, row.text(1).to_owned()));
        }
        Ok(rows)
    }

    fn error(bytes: &[u8]) -> String {
        rows(bytes).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name_with_quotes_blanks_and_other_columns() -> Result<(), Box<dyn Error>> {
        let read = rows(b"a,x,b\r\n\"p, \"\"q\"\"\",, 7\r\n")?;
        assert_eq!(read, [(7, "p, \"q\"".to_owned())]);
        Ok(())
    }

    #[test]
    fn errors_name_line_and_column() {
        let cases: [(&[u8], &str); 4] = [
            (b"a,b\nx,1\nx,y\n", ":3: field `b`: expected a whole number, found `y`"),
            (b"a,c\n", ":1: field `b`: expected a column of this name, found `a,c`"),
            (b"a,b\nx,1,2\n", ":2: field `row`: expected 2 fields as in the header, found `3 fields`"),
            (b"a,b\n\xff,1\n", ":2: field `row`: expected UTF-8 text, found `"),
        ];
        for (bytes, expected) in cases {
            let error = error(bytes);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn an_empty_file_lacks_its_columns() {
        assert!(error(b"").contains(":1: field `b`: expected a column of this name"));
    }
}
