//! Directories in checkpoints.

use super::IdDirectory;
use super::saved_directory::SavedDirectory;
use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::device::Context;

impl IdDirectory {
    /// Puts the virtual ids and counts into a checkpoint, under names that begin with `prefix`.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device fails,
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if there is something under these names.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let counts = self.counts()?;
        let ids = self.ids_of_rows()?;
        let left = self.left_rows(counts.left, &ids)?;
        checkpoint.insert(&format!("{prefix}.virtual_ids"), &[ids.len()], ids)?;
        checkpoint.insert(&format!("{prefix}.left"), &[left.len()], left)?;
        checkpoint.insert(&format!("{prefix}.refused"), &[1], vec![counts.refused])?;
        match &self.sketch {
            Some(sketch) => sketch.export(&self.ctx, checkpoint, &format!("{prefix}.sketch")),
            None => Ok(()),
        }
    }

    /// The rows that were left, the last one at the end; a directory that follows another one has no order of
    /// them.
    fn left_rows(&self, count: u32, ids: &[u32]) -> Result<Vec<u32>> {
        let free = ids.iter().zip(0u32..).filter(|(id, _)| **id == 0).map(|(_, row)| row);
        let free: Vec<u32> = free.collect();
        if self.left.size() < u64::from(count) * 4 {
            return Ok(free);
        }
        let left: Vec<u32> = self.left.part(0, u64::from(count) * 4).read(&self.ctx)?;
        let mut sorted = left.clone();
        sorted.sort_unstable();
        Ok(if sorted == free { left } else { free })
    }

    /// Takes the rows of a checkpoint: each id has the row that it had there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if it has no such directory, or one of more rows than
    /// there are here, [`Error::Device`](crate::Error::Device) if the device fails. Nothing has changed then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let saved = SavedDirectory::read(checkpoint, prefix)?;
        saved.check(self, checkpoint, prefix)?;
        saved.check_sketch(self, checkpoint, prefix)?;
        self.take(&saved)
    }

    /// The same ids and rows in another directory, for look-ups.
    pub(crate) fn copied_to(&self, ctx: &Context) -> Result<Self> {
        let mut copy = Self::new(ctx, self.capacity())?;
        copy.take(&SavedDirectory::of(self)?)?;
        Ok(copy)
    }

    /// Takes rows in the order of different virtual ids, no more than there is room for.
    pub(crate) fn take_ids(&mut self, virtual_ids: Vec<u32>) -> Result<()> {
        self.take(&SavedDirectory::of_rows(virtual_ids))
    }

    /// Takes the rows of a checkpoint that were checked.
    pub(crate) fn take(&mut self, saved: &SavedDirectory) -> Result<()> {
        self.ground.moves(&self.ctx, "a checkpoint was taken up");
        if let (Some(own), Some(counters)) = (&self.sketch, saved.sketch()) {
            self.sketch = Some(own.of_counters(&self.ctx, counters, self.capacity)?);
        }
        self.entries.write(&self.ctx, 0, &saved.entries(self.buckets))?;
        let mut ids = saved.ids.clone();
        ids.resize(self.capacity as usize, 0);
        self.row_ids.write(&self.ctx, 0, &ids)?;
        if !saved.left().is_empty() {
            self.keep_left()?;
            self.left.write(&self.ctx, 0, saved.left())?;
        }
        self.counts.write(&self.ctx, 0, &saved.counts())
    }
}
