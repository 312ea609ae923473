//! A text file line by line, in memory for one line. It must be a regular file: every pass reads it anew.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::DataError;

/// The read buffer: large, as the files are read from end to end.
const BUFFER_BYTES: usize = 1 << 18;

/// What some editors begin a file of UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line of a file, without its line end.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// 1-based.
    pub number: u64,
    pub bytes: Vec<u8>,
}

/// The lines of a file.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    number: u64,
}

impl Lines {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let failed = |cause| DataError::Open { path: path.to_owned(), cause };
        // asked before it is opened, as opening a pipe waits for its other end
        let found = path.metadata().map_err(failed)?;
        if !found.is_file() {
            let got = if found.is_dir() { "a folder" } else { "a pipe or a device" };
            return Err(DataError::Once { path: path.to_owned(), got });
        }
        let file = File::open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), reader: BufReader::with_capacity(BUFFER_BYTES, file), number: 0 })
    }

    /// Reads the next line into `line`, whose allocation is reused; false at the end of the file.
    pub fn read(&mut self, line: &mut Line) -> Result<bool, DataError> {
        self.number += 1;
        line.number = self.number;
        line.bytes.clear();
        let read = self.reader.read_until(b'\n', &mut line.bytes);
        let read =
            read.map_err(|cause| DataError::Read { path: self.path.clone(), line: self.number, cause })?;
        if line.bytes.ends_with(b"\n") {
            line.bytes.pop();
            if line.bytes.ends_with(b"\r") {
                line.bytes.pop();
            }
        }
        if self.number == 1 && line.bytes.starts_with(BYTE_ORDER_MARK) {
            line.bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(read > 0)
    }
}

/// A line as text, with the place to blame in an error.
#[derive(Debug, Clone, Copy)]
pub struct TextLine<'a> {
    pub path: &'a Path,
    pub number: u64,
    pub text: &'a str,
}

impl<'a> TextLine<'a> {
    /// Checks that a line is UTF-8.
    pub fn new(path: &'a Path, line: &'a Line) -> Result<Self, DataError> {
        let found = || String::from_utf8_lossy(&line.bytes);
        let text = std::str::from_utf8(&line.bytes)
            .map_err(|_| DataError::parse(path, line.number, "line", "UTF-8 text", found()))?;
        Ok(Self { path, number: line.number, text })
    }

    /// An error in a field of this line.
    pub fn error(&self, field: &str, expected: impl Into<String>, found: &str) -> DataError {
        DataError::parse(self.path, self.number, field, expected, found)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn line_ends_are_stripped_and_the_last_line_may_lack_one() -> Result<(), Box<dyn std::error::Error>> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(b"a\r\n\nb c\n\xff")?;
        let mut lines = Lines::open(file.path())?;
        let mut line = Line::default();
        let mut read = Vec::new();
        while lines.read(&mut line)? {
            read.push((line.number, line.bytes.clone()));
        }
        let expected: [(u64, &[u8]); 4] = [(1, b"a"), (2, b""), (3, b"b c"), (4, b"\xff")];
        assert!(read.iter().map(|(n, bytes)| (*n, bytes.as_slice())).eq(expected));
        Ok(())
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() -> Result<(), Box<dyn std::error::Error>> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(b"\xef\xbb\xbf1\n\xef\xbb\xbf2\n")?;
        let mut lines = Lines::open(file.path())?;
        let mut line = Line::default();
        for expected in [&b"1"[..], b"\xef\xbb\xbf2"] {
            assert!(lines.read(&mut line)?);
            assert_eq!(line.bytes, expected);
        }
        Ok(())
    }

    #[test]
    fn a_folder_is_refused() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let error = Lines::open(folder.path()).err().map(|error| error.to_string());
        let expected = "expected a regular file, as it is read more than once, got a folder";
        assert!(error.is_some_and(|text| text.ends_with(expected)));
        Ok(())
    }

    #[test]
    fn text_that_is_not_utf8_is_an_error_with_its_line() {
        let line = Line { number: 4, bytes: b"a\xff".to_vec() };
        let error = TextLine::new(Path::new("f"), &line).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("f:4: field `line`: expected UTF-8 text, found `a\u{fffd}`"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Lines::open(Path::new("no/such")).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.starts_with("cannot open `no/such`: ")));
    }
}
