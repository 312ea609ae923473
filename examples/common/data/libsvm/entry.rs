//! The syntax of a line.

use super::super::DataError;
use super::super::lines::TextLine;

/// The most slots: each becomes a feature of its own.
pub const MAX_SLOTS: usize = 1024;

/// Which of the two formats a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Libsvm,
    Libffm,
}

impl Kind {
    /// What the slots of this format are called.
    pub const fn slot_name(self) -> &'static str {
        match self {
            Self::Libsvm => "position",
            Self::Libffm => "field",
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
    pub slot: usize,
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
    match text {
        "1" | "+1" => Ok(1.0),
        "0" | "-1" => Ok(0.0),
        _ => Err(line.error("label", "-1, 0, 1 or +1", text)),
    }
}

/// Reads the entry `text`, the line's at a 0-based `position`.
pub fn entry(line: TextLine<'_>, kind: Kind, position: usize, text: &str) -> Result<Entry, DataError> {
    let malformed = || line.error("entry", kind.entry(), text);
    let (slot, pair) = match kind {
        Kind::Libsvm => (position, text),
        Kind::Libffm => {
            let (field, pair) = text.split_once(':').ok_or_else(malformed)?;
            let expected = "a whole number";
            let slot = field.parse().map_err(|_| line.error("field", expected, field))?;
            (slot, pair)
        }
    };
    if slot >= MAX_SLOTS {
        let expected = format!("at most {MAX_SLOTS} slots, numbered from 0");
        return Err(line.error(kind.slot_name(), expected, &slot.to_string()));
    }
    let (id, value) = pair.split_once(':').ok_or_else(malformed)?;
    if value.contains(':') {
        return Err(malformed());
    }
    let ids = "a whole number from 0 to 4294967295";
    let finite = |value: &f32| value.is_finite();
    Ok(Entry {
        slot,
        id: id.parse().map_err(|_| line.error("id", ids, id))?,
        value: (value.parse().ok().filter(finite))
            .ok_or_else(|| line.error("value", "a finite number", value))?,
    })
}
