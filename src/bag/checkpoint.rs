//! Tables and optimizer state in checkpoints.

use std::path::Path;

use super::EmbeddingBags;
use crate::{Checkpoint, Result};

/// The prefix of [`EmbeddingBags::save`].
pub(crate) const PREFIX: &str = "bags";

impl EmbeddingBags {
    /// Adds all tables to a checkpoint: `{prefix}.{table}.weight` as `[rows, dim]` in the table's type, each
    /// field of optimizer state as `{prefix}.{table}.{field}`, `[rows, dim]` in the type that it is kept in
    /// or `[rows]` of `f32` or, for counters, `u32`; and `{prefix}.tables`, `{prefix}.optimizer` and
    /// `{prefix}.steps` in the metadata. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names
    /// already, [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        self.store.export(checkpoint, prefix)
    }

    /// Takes weights, optimizer state, learning rate and number of steps from a checkpoint that
    /// [`EmbeddingBags::export`] wrote. Nothing is changed unless everything fits, see
    /// [`EmbeddingBags::check_import`]. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::check_import`]; [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.store.import(checkpoint, prefix)
    }

    /// Whether a checkpoint fits: the same tables with the same rows, dims and types, and the same optimizer
    /// with the same hyper-parameters and types of state. The learning rate may differ. Bags without an
    /// optimizer take the weights of any.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint), which says what differs.
    pub fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.store.check_import(checkpoint, prefix)
    }

    /// [`EmbeddingBags::export`] into a file of its own.
    ///
    /// # Errors
    /// As [`EmbeddingBags::export`] and [`Checkpoint::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        self.export(&mut checkpoint, PREFIX)?;
        checkpoint.save(path)
    }

    /// [`EmbeddingBags::import`] from a file that [`EmbeddingBags::save`] wrote, into bags of the same
    /// description.
    ///
    /// # Errors
    /// As [`EmbeddingBags::import`] and [`Checkpoint::load`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.import(&Checkpoint::load(path)?, PREFIX)
    }
}
