//! Access to rows and optimizer state from the host.

use std::ops::Range;

use super::EmbeddingBags;
use crate::Result;
use crate::device::{Buffer, Precision};

impl EmbeddingBags {
    /// The names of the tables, in the order they were added.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        self.store.tables().names()
    }

    /// The names of the features, in the order they were added.
    pub fn features(&self) -> impl ExactSizeIterator<Item = &str> {
        self.schema.features.iter().map(|spec| spec.name.as_str())
    }

    /// The columns that a feature has in the outputs side by side, of batches of all features.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such feature.
    pub fn columns_of(&self, feature: &str) -> Result<Range<usize>> {
        self.schema.columns_of(feature, self.schema.all())
    }

    /// Rows and columns of a table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn table_shape(&self, table: &str) -> Result<(usize, usize)> {
        self.store.table_shape(table)
    }

    /// The type of a table's values.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn precision(&self, table: &str) -> Result<Precision> {
        Ok(self.store.precision(self.store.tables().find(table)?))
    }

    /// Bytes of all tables' weights.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.store.tables().bytes()
    }

    /// Bytes of all optimizer state.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        self.store.tables().state_bytes()
    }

    /// The device memory of a table's rows, in order: one range for each of its windows, without gaps between
    /// rows (but see [`Table::precision`](crate::Table::precision)).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn table_buffers(&self, table: &str) -> Result<Vec<Buffer>> {
        self.store.table_buffers(table)
    }

    /// Reads all rows of a table, row after row; blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn download(&self, table: &str) -> Result<Vec<f32>> {
        self.store.download(table)
    }

    /// Writes all rows of a table; values of 16 bits are rounded to the nearest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table, the number of
    /// values is not rows times dim, or a value is finite and its table of 16 bits would make it infinite;
    /// nothing is written then.
    pub fn upload(&mut self, table: &str, values: &[f32]) -> Result<()> {
        self.store.upload(table, values)
    }

    /// Reads one row; blocks.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`](crate::Error::RowOutOfRange), or
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table.
    pub fn read_row(&self, table: &str, row: u64) -> Result<Vec<f32>> {
        self.store.read_row(table, row)
    }

    /// Writes one row, after everything submitted so far.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`](crate::Error::RowOutOfRange), or
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table, the length is not
    /// the dim, or a value is finite and its table of 16 bits would make it infinite.
    pub fn write_row(&mut self, table: &str, row: u64, values: &[f32]) -> Result<()> {
        self.store.write_row(table, row, values)
    }

    /// Reads optimizer state of all rows of a table: the field of this name among
    /// [`Optimizer::states`](crate::optim::Optimizer::states), one value for each element or each row;
    /// counters, which are exact to 2^24, as numbers. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table or field.
    pub fn download_state(&self, table: &str, name: &str) -> Result<Vec<f32>> {
        self.store.download_state(table, name)
    }

    /// Reads a counter of all rows of a table, see [`EmbeddingBags::download_state`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table or field, or it is
    /// no counter.
    pub fn download_counts(&self, table: &str, name: &str) -> Result<Vec<u32>> {
        self.store.download_counts(table, name)
    }

    /// Writes optimizer state of all rows of a table, see [`EmbeddingBags::download_state`]; waits until it
    /// is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table or field, it is a
    /// counter, the number of values is wrong, or a value is finite and state of 16 bits would make it
    /// infinite.
    pub fn upload_state(&mut self, table: &str, name: &str, values: &[f32]) -> Result<()> {
        self.store.upload_state(table, name, values)
    }

    /// Writes a counter of all rows of a table; waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no such table or field, it is no
    /// counter, or the number of values is wrong.
    pub fn upload_counts(&mut self, table: &str, name: &str, counts: &[u32]) -> Result<()> {
        self.store.upload_counts(table, name, counts)
    }
}
