//! Tables and optimizer state in checkpoints.

use std::path::Path;

use super::EmbeddingBags;
use crate::{Checkpoint, Result};

/// The prefix of [`EmbeddingBags::save`].
pub(crate) const PREFIX: &str = "bags";

impl EmbeddingBags {
    /// Adds all tables to a checkpoint: `{prefix}.{table}.weight` as `[rows, dim]` in the table's type, each
    /// field of optimizer state as `{prefix}.{table}.{field}`, `[rows, dim]` in the type that it is kept in
    /// or `[rows]` of `f32` or, for counters, `u32`; the directory of a table of raw ids as
    /// `{prefix}.{table}.ids.virtual_ids` and the like
    /// ([`IdDirectory::export`](crate::IdDirectory::export)); and `{prefix}.tables`, `{prefix}.optimizer` and
    /// `{prefix}.steps` in the metadata. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names
    /// already, [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        self.store.export(checkpoint, prefix)?;
        self.directories.export(self.tables(), checkpoint, prefix)
    }

    /// Takes weights, optimizer state, learning rate and number of steps from a checkpoint that
    /// [`EmbeddingBags::export`] wrote. Nothing is changed unless everything fits, see
    /// [`EmbeddingBags::check_import`]. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::check_import`]; [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.check_import(checkpoint, prefix)?;
        self.store.import(checkpoint, prefix)?;
        self.directories.import(self.store.tables().names(), checkpoint, prefix)
    }

    /// Whether a checkpoint fits: the same tables with the same rows, dims and types, and the same optimizer
    /// with the same hyper-parameters and types of state. The learning rate may differ. Bags without an
    /// optimizer take the weights of any.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint), which says what differs.
    pub fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.store.check_import(checkpoint, prefix)?;
        self.directories.check_import(self.tables(), checkpoint, prefix)
    }

    /// Takes the weights of all tables, and nothing else, from a checkpoint of any origin:
    /// [`Checkpoint::read_foreign`] reads what `safetensors.torch` writes. `name` says what the tensor of a
    /// table is called there; it is `[rows, dim]` of `f32`, `f16` or `bf16`, and rounded to the nearest if the
    /// table has fewer bits. Optimizer state and steps stay as they are. Nothing is changed unless all fit.
    ///
    /// ```
    /// # use embag::{Checkpoint, Context, EmbeddingBags, Pooling, Table};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let (path, back) = (folder.path().join("model.safetensors"), folder.path().join("back.safetensors"));
    /// # let mut model = Checkpoint::new();
    /// # model.insert("movie_bag.weight", &[3, 2], vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    /// # model.save(&path)?;
    /// let mut bags = EmbeddingBags::builder(&Context::cpu())
    ///     .table("movie", Table::rows(3).dim(2))
    ///     .feature("liked", "movie", Pooling::Mean)
    ///     .build()?;
    /// // torch: save_file({"movie_bag.weight": bag.weight}, path)
    /// bags.import_weights(&Checkpoint::read_foreign(&path)?, |table| format!("{table}_bag.weight"))?;
    /// assert_eq!(bags.read_row("movie", 1)?, [3.0, 4.0]);
    ///
    /// let mut trained = Checkpoint::new();
    /// bags.export_weights(&mut trained, |table| format!("{table}_bag.weight"))?;
    /// trained.save(&back)?; // torch: load_file(back)
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if a tensor is missing, has another shape or no floats,
    /// or has a finite value that a table of 16 bits would make infinite.
    pub fn import_weights(&mut self, checkpoint: &Checkpoint, name: impl Fn(&str) -> String) -> Result<()> {
        self.store.import_weights(checkpoint, name)
    }

    /// Adds the weights of all tables to a checkpoint, `[rows, dim]` in the table's type, by the names that
    /// `name` has for them. Blocks.
    ///
    /// # Errors
    /// As [`EmbeddingBags::export`].
    pub fn export_weights(&self, checkpoint: &mut Checkpoint, name: impl Fn(&str) -> String) -> Result<()> {
        self.store.export_weights(checkpoint, name)
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
