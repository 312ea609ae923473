//! CSV files, read by the names of their columns, which a header has, or a format where there is none.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord, Trim};

use super::DataError;

/// A CSV file of which the named columns are read.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    reader: Reader<BufReader<File>>,
    /// Bytes of a line before those of the reader.
    skipped: u64,
    names: &'static [&'static str],
    /// For each of `names`, where the file has it.
    positions: Vec<usize>,
    record: StringRecord,
    /// Whether `record` is a row already: the first of a file without a header.
    waiting: bool,
}

impl Table {
    /// Opens a file, whose header must have each of `names` once, in any order and among others.
    pub fn open(path: &Path, names: &'static [&'static str]) -> Result<Self, DataError> {
        Self::read(path, names, &[], None)
    }

    /// Opens a file, with such a header or without one: then it has the columns `all`. A first line that
    /// begins with `note` is skipped.
    pub fn open_headless(
        path: &Path,
        names: &'static [&'static str],
        all: &[&str],
        note: u8,
    ) -> Result<Self, DataError> {
        Self::read(path, names, all, Some(note))
    }

    fn read(
        path: &Path,
        names: &'static [&'static str],
        all: &[&str],
        note: Option<u8>,
    ) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|cause| DataError::Open { path: path.to_owned(), cause })?;
        let mut file = BufReader::new(file);
        let skipped = skip_note(&mut file, note).map_err(|cause| DataError::Read {
            path: path.to_owned(),
            line: 1,
            cause,
        })?;
        let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(file);
        let mut record = StringRecord::new();
        reader.read_record(&mut record).map_err(|error| csv_error(path, skipped, error))?;
        let headless = record.len() == all.len() && !record.iter().any(|field| names.contains(&field));
        let header = if headless { all.to_vec() } else { record.iter().collect() };
        let line = line_of(path, skipped, record.position());
        let position = |&name: &&str| {
            let mut found = (0..).zip(&header).filter(|&(_, &column)| column == name).map(|(at, _)| at);
            match (found.next(), found.count()) {
                (Some(at), 0) => Ok(at),
                (Some(_), more) => {
                    Err(DataError::parse(path, line, name, "one column of this name", 1 + more))
                }
                (None, _) => {
                    Err(DataError::parse(path, line, name, "a column of this name", header.join(",")))
                }
            }
        };
        Ok(Self {
            positions: names.iter().map(position).collect::<Result<_, _>>()?,
            path: path.to_owned(),
            reader,
            skipped,
            names,
            record,
            waiting: headless,
        })
    }

    /// The next row, or `None` after the last.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, DataError> {
        if !std::mem::take(&mut self.waiting) {
            let read = self.reader.read_record(&mut self.record);
            if !read.map_err(|error| csv_error(&self.path, self.skipped, error))? {
                return Ok(None);
            }
        }
        Ok(Some(Row { table: self }))
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
        // The reader has refused every row whose length is not that of the first line.
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
            let Table { path, skipped, record, names, .. } = self.table;
            let line = line_of(path, *skipped, record.position());
            DataError::parse(path, line, names.get(column).copied().unwrap_or(""), expected, text)
        })
    }
}

/// Skips the first line of a file if it begins with `note`; the number of bytes that were skipped.
fn skip_note(file: &mut impl BufRead, note: Option<u8>) -> io::Result<u64> {
    match note.is_some() && file.fill_buf()?.first().copied() == note {
        true => Ok(file.skip_until(b'\n')? as u64),
        false => Ok(0),
    }
}

/// The line of a record in its file, of which the reader saw all but the first `skipped` bytes, a line or
/// nothing. The reader's place lies before blank lines, and before the second byte of a line end of two.
fn line_of(path: &Path, skipped: u64, position: Option<&Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let line = position.line() + u64::from(skipped > 0);
    line + line_ends(path, skipped + position.byte()).unwrap_or(0)
}

/// The line ends at a place of a file; none where it cannot be read again.
fn line_ends(path: &Path, from: u64) -> io::Result<u64> {
    if !path.metadata()?.is_file() {
        return Ok(0);
    }
    let mut file = BufReader::new(File::open(path)?);
    file.seek(SeekFrom::Start(from))?;
    let mut ends = 0;
    for byte in file.bytes() {
        match byte? {
            b'\n' => ends += 1,
            b'\r' => {}
            _ => break,
        }
    }
    Ok(ends)
}

/// Says in this program's words what the CSV reader, before whose lines one was skipped, could not read.
fn csv_error(path: &Path, skipped: u64, error: csv::Error) -> DataError {
    let line = line_of(path, skipped, error.position());
    match error.into_kind() {
        ErrorKind::Io(cause) => DataError::Read { path: path.to_owned(), line, cause },
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let expected = format!("{expected_len} fields as in the first line");
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
        let cases: [(&[u8], &str); 10] = [
            (b"a,b\nx,1\nx,y\n", ":3: field `b`: expected a whole number, found `y`"),
            (b"a,c\n", ":1: field `b`: expected a column of this name, found `a,c`"),
            (b"a,b\r\nx,1\r\nx,y\r\n", ":3: field `b`: expected a whole number, found `y`"),
            (b"\n\na,b\n\nx,1\n\n\nx,y", ":8: field `b`: expected a whole number, found `y`"),
            (b"a,b\r\n\r\nx,1\r\n\r\nx,1,2\r\n", ":5: field `row`: expected 2 fields as in the first line"),
            (b"a,b\n\"x\nx\",1\nx,y\n", ":4: field `b`: expected a whole number, found `y`"),
            (b"a,b,a\nx,1,y\n", ":1: field `a`: expected one column of this name, found `2`"),
            (b"b,a,b,c,b\n", ":1: field `b`: expected one column of this name, found `3`"),
            (b"a,b\nx,1,2\n", ":2: field `row`: expected 2 fields as in the first line, found `3 fields`"),
            (b"a,b\n\xff,1\n", ":2: field `row`: expected UTF-8 text, found `"),
        ];
        for (bytes, expected) in cases {
            let error = error(bytes);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_may_lack_a_header_where_its_columns_are_known() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("t.csv");
        for (text, line) in [("|note\n1, x\n\n2, y\n", 2), ("\u{feff}1,x\n2,y\n", 1), ("b,a\nx,1\ny,2\n", 2)]
        {
            std::fs::write(&path, text)?;
            let mut table = Table::open_headless(&path, &["b"], &["a", "b"], b'|')?;
            let error = table.next_row()?.and_then(|row| row.read(0, "none", |_| None::<u8>).err());
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(&format!(":{line}: field `b`: expected none, found `x`")), "{error}");
            assert_eq!(table.next_row()?.map(|row| row.text(0).to_owned()).as_deref(), Some("y"));
            assert!(table.next_row()?.is_none());
        }
        // neither a header nor as many columns
        std::fs::write(&path, "1,x,2\n")?;
        assert!(Table::open_headless(&path, &["b"], &["a", "b"], b'|').is_err());
        Ok(())
    }

    #[test]
    fn an_empty_file_lacks_its_columns() {
        assert!(error(b"").contains(":1: field `b`: expected a column of this name"));
    }
}
