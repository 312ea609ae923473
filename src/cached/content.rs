//! Access to whole tables from the host, and checkpoints: as if there were no cache.

use std::path::Path;

use super::CachedBags;
use crate::bag::PREFIX;
use crate::delta::{Delta, collect};
use crate::update::RowStore;
use crate::{Checkpoint, Result};

impl CachedBags {
    /// Reads all rows of a table, see [`EmbeddingBags::download`](crate::EmbeddingBags::download).
    ///
    /// # Errors
    /// As [`EmbeddingBags::download`](crate::EmbeddingBags::download) and [`CachedBags::flush`].
    pub fn download(&mut self, table: &str) -> Result<Vec<f32>> {
        self.flush()?;
        self.whole.download(table)
    }

    /// Writes all rows of a table, see [`EmbeddingBags::upload`](crate::EmbeddingBags::upload).
    ///
    /// # Errors
    /// As [`EmbeddingBags::upload`](crate::EmbeddingBags::upload) and [`CachedBags::flush`].
    pub fn upload(&mut self, table: &str, values: &[f32]) -> Result<()> {
        self.rewrite(|whole| whole.upload(table, values))
    }

    /// Reads one row; blocks.
    ///
    /// # Errors
    /// As [`EmbeddingBags::read_row`](crate::EmbeddingBags::read_row).
    pub fn read_row(&mut self, table: &str, row: u64) -> Result<Vec<f32>> {
        self.settle()?;
        match self.slot(table, row)? {
            Some(slot) => self.device.read_row(table, slot.into()),
            None => self.whole.read_row(table, row),
        }
    }

    /// Writes one row, after everything submitted so far.
    ///
    /// # Errors
    /// As [`EmbeddingBags::write_row`](crate::EmbeddingBags::write_row).
    pub fn write_row(&mut self, table: &str, row: u64, values: &[f32]) -> Result<()> {
        self.settle()?;
        self.whole.write_row(table, row, values)?;
        match self.slot(table, row)? {
            Some(slot) => self.device.write_row(table, slot.into(), values),
            None => Ok(()),
        }
    }

    /// The slot of a row, if it is in the cache.
    fn slot(&self, table: &str, row: u64) -> Result<Option<u32>> {
        let index = self.whole.tables().find(table)?;
        let row = u32::try_from(row).ok().filter(|&row| row < self.whole.tables().shape(index).rows);
        Ok(row.and_then(|row| self.directories[index].find(row)))
    }

    /// Reads optimizer state of all rows of a table, see
    /// [`EmbeddingBags::download_state`](crate::EmbeddingBags::download_state).
    ///
    /// # Errors
    /// As [`EmbeddingBags::download_state`](crate::EmbeddingBags::download_state) and [`CachedBags::flush`].
    pub fn download_state(&mut self, table: &str, name: &str) -> Result<Vec<f32>> {
        self.flush()?;
        self.whole.download_state(table, name)
    }

    /// Reads a counter of all rows of a table, see
    /// [`EmbeddingBags::download_counts`](crate::EmbeddingBags::download_counts).
    ///
    /// # Errors
    /// As [`EmbeddingBags::download_counts`](crate::EmbeddingBags::download_counts) and
    /// [`CachedBags::flush`].
    pub fn download_counts(&mut self, table: &str, name: &str) -> Result<Vec<u32>> {
        self.flush()?;
        self.whole.download_counts(table, name)
    }

    /// Writes optimizer state of all rows of a table, see
    /// [`EmbeddingBags::upload_state`](crate::EmbeddingBags::upload_state).
    ///
    /// # Errors
    /// As [`EmbeddingBags::upload_state`](crate::EmbeddingBags::upload_state) and [`CachedBags::flush`].
    pub fn upload_state(&mut self, table: &str, name: &str, values: &[f32]) -> Result<()> {
        self.rewrite(|whole| whole.upload_state(table, name, values))
    }

    /// Writes a counter of all rows of a table, see
    /// [`EmbeddingBags::upload_counts`](crate::EmbeddingBags::upload_counts).
    ///
    /// # Errors
    /// As [`EmbeddingBags::upload_counts`](crate::EmbeddingBags::upload_counts) and [`CachedBags::flush`].
    pub fn upload_counts(&mut self, table: &str, name: &str, counts: &[u32]) -> Result<()> {
        self.rewrite(|whole| whole.upload_counts(table, name, counts))
    }

    /// The rows that changed after a step, see
    /// [`EmbeddingBags::changed_since`](crate::EmbeddingBags::changed_since). A row that left the cache counts
    /// as changed when it was written back, so that a few more than needed may be among them.
    ///
    /// # Errors
    /// As [`EmbeddingBags::changed_since`](crate::EmbeddingBags::changed_since) and [`CachedBags::flush`].
    pub fn changed_since(&mut self, step: u32) -> Result<Delta> {
        // what is counted from now on is another delta's
        let until = self.submitted_steps();
        self.up_to_date()?;
        collect(&self.whole, &self.ids, self.model.as_deref(), step..until)
    }

    /// Adds all tables to a checkpoint, see [`EmbeddingBags::export`](crate::EmbeddingBags::export), whose
    /// checkpoints these are.
    ///
    /// # Errors
    /// As [`EmbeddingBags::export`](crate::EmbeddingBags::export) and [`CachedBags::flush`].
    pub fn export(&mut self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        self.up_to_date()?.export(checkpoint, prefix)?;
        self.ids.export(self.whole.tables().names(), checkpoint, prefix)
    }

    /// Takes weights, optimizer state, learning rate and number of steps from a checkpoint, see
    /// [`EmbeddingBags::import`](crate::EmbeddingBags::import); it may be one of
    /// [`EmbeddingBags`](crate::EmbeddingBags).
    ///
    /// # Errors
    /// As [`EmbeddingBags::import`](crate::EmbeddingBags::import) and [`CachedBags::flush`].
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.check_import(checkpoint, prefix)?;
        self.rewrite(|whole| whole.import(checkpoint, prefix))?;
        self.ids.import(self.whole.tables().names(), checkpoint, prefix)
    }

    /// Whether a checkpoint fits, see [`EmbeddingBags::check_import`](crate::EmbeddingBags::check_import).
    ///
    /// # Errors
    /// As [`EmbeddingBags::check_import`](crate::EmbeddingBags::check_import).
    pub fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.whole.check_import(checkpoint, prefix)?;
        self.ids.check_import(self.whole.tables().names(), checkpoint, prefix)
    }

    /// [`CachedBags::export`] into a file of its own, which
    /// [`EmbeddingBags::load`](crate::EmbeddingBags::load) reads too.
    ///
    /// # Errors
    /// As [`EmbeddingBags::save`](crate::EmbeddingBags::save) and [`CachedBags::flush`].
    pub fn save(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        self.export(&mut checkpoint, PREFIX)?;
        checkpoint.save(path)
    }

    /// [`CachedBags::import`] from a file that [`CachedBags::save`] or
    /// [`EmbeddingBags::save`](crate::EmbeddingBags::save) wrote.
    ///
    /// # Errors
    /// As [`EmbeddingBags::load`](crate::EmbeddingBags::load) and [`CachedBags::flush`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.import(&Checkpoint::load(path)?, PREFIX)
    }

    /// The host's rows, with everything that the device did.
    fn up_to_date(&mut self) -> Result<&RowStore> {
        self.flush()?;
        self.whole.go_on_from(self.device.store());
        Ok(&self.whole)
    }

    /// Changes the host's rows, then the rows in the cache to what they have become.
    fn rewrite(&mut self, change: impl FnOnce(&mut RowStore) -> Result<()>) -> Result<()> {
        self.up_to_date()?;
        change(&mut self.whole)?;
        self.device.store_mut().go_on_from(&self.whole);
        self.refresh()
    }
}
