//! What can go wrong while reading training data.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// The longest piece of a bad input that an error message repeats, in characters.
const QUOTED_CHARS: usize = 60;

/// A failure to read training data, worded for the person who chose the file.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A line that does not follow the format.
    #[error("{}:{line}: field `{field}`: expected {expected}, found `{found}`", .path.display())]
    Parse {
        path: PathBuf,
        /// 1-based.
        line: u64,
        field: String,
        expected: String,
        found: String,
    },
    /// A file that cannot be opened.
    #[error("cannot open `{}`: {cause}", .path.display())]
    Open { path: PathBuf, cause: io::Error },
    /// A file that can be read but once, where that is not enough.
    #[error("cannot open `{}`: expected a regular file, as it is read more than once, got {got}", .path.display())]
    Once { path: PathBuf, got: &'static str },
    /// A file that failed after it had been opened.
    #[error("{}:{line}: cannot read on: {cause}", .path.display())]
    Read {
        path: PathBuf,
        /// 1-based.
        line: u64,
        cause: io::Error,
    },
    /// A file without what is needed of it.
    #[error("`{}`: expected at least one {expected}, found none", .path.display())]
    Empty { path: PathBuf, expected: &'static str },
    /// A command line argument that does not fit the data or the checkpoint.
    #[error("{argument}: expected {expected}, got {got}")]
    Argument { argument: &'static str, expected: String, got: String },
}

impl DataError {
    /// A parse error; what was found is shortened to what a terminal can show.
    pub fn parse(
        path: &Path,
        line: u64,
        field: &str,
        expected: impl Into<String>,
        found: impl Display,
    ) -> Self {
        Self::Parse {
            path: path.to_owned(),
            line,
            field: field.to_owned(),
            expected: expected.into(),
            found: shorten(&found.to_string()),
        }
    }

    /// An argument error.
    pub fn argument(argument: &'static str, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Argument { argument, expected: expected.into(), got: got.into() }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parse_error_names_file_line_field_expected_and_found() {
        let error = DataError::parse(Path::new("a.csv"), 7, "rating", "a number", "good");
        assert_eq!(error.to_string(), "a.csv:7: field `rating`: expected a number, found `good`");
    }

    #[test]
    fn long_input_is_shortened_at_a_character_boundary() {
        let error = DataError::parse(Path::new("a"), 1, "f", "x", "é".repeat(100));
        assert!(error.to_string().ends_with(&format!("`{}...`", "é".repeat(60))));
    }
}
