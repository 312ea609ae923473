//! What the ids of features are: rows of tables, or raw ids of 64 bits that need no vocabulary.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::vocabulary::Vocabulary;

/// What the ids of features are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ids {
    /// Rows of tables of a fixed size.
    #[default]
    Rows,
    /// Hashes of 64 bits of what the data say, unrelated for different tables.
    Raw,
}

/// What a key of a table becomes.
#[derive(Debug, Clone, Copy)]
pub enum Keys<'a> {
    /// Its row.
    Rows(&'a Vocabulary),
    /// Its hash with the table's name.
    Raw(&'a str),
}

impl Keys<'_> {
    /// The id of a key.
    pub fn id(self, key: &str) -> u64 {
        match self {
            Self::Rows(vocabulary) => vocabulary.row(key).into(),
            Self::Raw(table) => raw_id(table, key.as_bytes()),
        }
    }
}

/// The first 64 bits of the SHA-256 of a table's name, a zero byte, which no name has, and the key: the same
/// on every machine and with every release.
pub fn raw_id(table: &str, key: &[u8]) -> u64 {
    let digest = Sha256::new().chain_update(table).chain_update([0]).chain_update(key).finalize();
    digest.iter().take(8).rev().fold(0, |id, &byte| id << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_ids_are_pinned_and_differ_by_table() {
        assert_eq!(raw_id("movie", b"1"), PINNED);
        assert_ne!(raw_id("movie", b"1"), raw_id("user", b"1"));
        assert_ne!(raw_id("ab", b"c"), raw_id("a", b"bc"));
        assert_eq!(Keys::Raw("movie").id("1"), PINNED);
    }

    /// `printf 'movie\0001' | sha256sum` begins with these bytes, the least first.
    const PINNED: u64 = 0xf952_1a09_7247_960a;

    #[test]
    fn rows_are_those_of_the_vocabulary() {
        let vocabulary = Vocabulary::new(["a", "b"], 1);
        assert_eq!(["b", "new"].map(|key| Keys::Rows(&vocabulary).id(key)), [2, 0]);
    }
}
