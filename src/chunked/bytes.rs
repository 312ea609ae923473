//! What tables cost.

use super::ChunkedTables;
use super::lookup::Lookup;

/// Bytes on the device, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkedBytes {
    /// Values of the slots.
    pub store: u64,
    /// The optimizer's state.
    pub state: u64,
    /// Virtual ids and rows.
    pub directory: u64,
    /// For each chunk its slot and its utility, and for each row when it was changed and what else it is kept
    /// for.
    pub chunks: u64,
    /// The stack of free slots.
    pub free: u64,
}

impl ChunkedBytes {
    /// All but the optimizer's state: what takes the place of dense tables.
    #[must_use]
    pub fn instead_of_dense(&self) -> u64 {
        self.store + self.directory + self.chunks + self.free
    }
}

impl Lookup {
    /// What lookups need.
    pub(super) fn bytes(&self) -> ChunkedBytes {
        ChunkedBytes {
            store: self.store.tables().bytes(),
            state: self.store.tables().state_bytes(),
            directory: self.tables.iter().map(|table| table.directory.bytes()).sum(),
            chunks: self.tables.iter().map(|table| table.slots.size()).sum(),
            free: 0,
        }
    }
}

impl ChunkedTables {
    /// Bytes on the device.
    #[must_use]
    pub fn bytes(&self) -> ChunkedBytes {
        let lookup = self.lookup.bytes();
        let worth: u64 = self.worth.iter().map(|worth| worth.utility.size() + worth.touch.size()).sum();
        ChunkedBytes {
            chunks: lookup.chunks + worth,
            free: self.free.size() + self.free_count.size(),
            ..lookup
        }
    }
}
