//! What batches ask of tables.

use std::collections::BTreeMap;

use crate::bag::Id;

/// What a batch of all ranks together asks of each table, as a sample shows.
///
/// ```
/// use embag::sharded::Load;
///
/// // a batch of three examples, with two features of the same table
/// let load = Load::new().bags("movie", &[5u32, 31, 5, 90], 3).bags("movie", &[7u32, 7, 8], 3);
/// assert_eq!((load.ids("movie"), load.rows("movie")), (7, 5));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Load {
    tables: BTreeMap<String, TableLoad>,
}

/// What is asked of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TableLoad {
    /// How often each row is asked for.
    pub(super) rows: BTreeMap<u64, u64>,
    pub(super) ids: u64,
    pub(super) bags: u64,
}

impl Load {
    /// Of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the ids of a feature, of so many bags (examples), that looks a table up.
    #[must_use]
    pub fn bags<I: Id>(mut self, table: &str, ids: &[I], bags: usize) -> Self {
        let load = self.tables.entry(table.to_owned()).or_default();
        for id in ids {
            *load.rows.entry(id.number()).or_default() += 1;
        }
        load.ids += ids.len() as u64;
        load.bags += bags as u64;
        self
    }

    /// The ids of a table.
    #[must_use]
    pub fn ids(&self, table: &str) -> u64 {
        self.tables.get(table).map_or(0, |load| load.ids)
    }

    /// The distinct rows of a table.
    #[must_use]
    pub fn rows(&self, table: &str) -> u64 {
        self.tables.get(table).map_or(0, |load| load.rows.len() as u64)
    }

    pub(super) fn of(&self, table: &str) -> TableLoad {
        self.tables.get(table).cloned().unwrap_or_default()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.tables.keys()
    }
}
