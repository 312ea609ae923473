//! The syntax of a line.

use super::super::DataError;
use super::super::lines::TextLine;
use super::slots::MAX_SLOTS;

/// Which of the two formats a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Libsvm,
    Libffm,
}

impl Kind {
    /// The kind that an entry is of, by its colons.
    pub fn of(entry: &str) -> Self {
        match entry.bytes().filter(|&byte| byte == b':').count() {
            2 => Self::Libffm,
            _ => Self::Libsvm,
        }
    }

    /// The form of an entry, for error messages.
    const fn entry(self) -> &'static str {
        match self {
            Self::Libsvm => "`id:value`",
            Self::Libffm => "`field:id:value`",
        }
    }
}

/// An id of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// 0 where the format has none.
    pub field: usize,
    pub id: u32,
    pub value: f32,
}

/// Whether a line is neither blank nor a comment.
pub fn is_example(line: &[u8]) -> bool {
    !matches!(line.trim_ascii_start().first(), None | Some(b'#'))
}

/// The label and the entries of a line.
pub fn split<'a>(line: TextLine<'a>) -> (&'a str, impl Iterator<Item = &'a str> + Clone) {
    let (text, _comment) = line.text.split_once('#').unwrap_or((line.text, ""));
    let mut words = text.split_ascii_whitespace();
    (words.next().unwrap_or(""), words)
}

/// The label of a line: 1 or 0.
pub fn label(line: TextLine<'_>, text: &str) -> Result<f32, DataError> {
    // some write labels as `1.0` and `-1.0`
    match text.parse() {
        Ok(1.0) => Ok(1.0),
        Ok(0.0 | -1.0) => Ok(0.0),
        _ => Err(line.error("label", "-1, 0, 1 or +1", text)),
    }
}

/// Reads an entry.
pub fn entry(line: TextLine<'_>, kind: Kind, text: &str) -> Result<Entry, DataError> {
    let malformed = || line.error("entry", kind.entry(), text);
    let (field, pair) = match kind {
        Kind::Libsvm => (0, text),
        Kind::Libffm => {
            let (field, pair) = text.split_once(':').ok_or_else(malformed)?;
            let expected = format!("a whole number below {MAX_SLOTS}");
            let number = field.parse().ok().filter(|&field| field < MAX_SLOTS);
            (number.ok_or_else(|| line.error("field", expected, field))?, pair)
        }
    };
    let (id, value) = pair.split_once(':').ok_or_else(malformed)?;
    if value.contains(':') {
        return Err(malformed());
    }
    let finite = |value: &f32| value.is_finite();
    Ok(Entry {
        field,
        id: id.parse().map_err(|_| line.error("id", "an id below 2^32", id))?,
        value: (value.parse().ok().filter(finite))
            .ok_or_else(|| line.error("value", "a finite number of at most 3.4e38", value))?,
    })
}
