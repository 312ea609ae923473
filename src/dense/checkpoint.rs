//! Dense parameters and optimizer state in checkpoints.

use super::{DenseOptimizer, Mlp, NamedTensor};
use crate::{Checkpoint, Context, Result};

impl Mlp {
    /// Adds what [`Mlp::export`] gives to a checkpoint, as `{prefix}.0.weight` and so on, and the optimizer as
    /// `{prefix}.optimizer` in the metadata. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names already,
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn export_to(&self, ctx: &Context, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        for NamedTensor { name, shape, values } in self.export(ctx)? {
            checkpoint.insert(&format!("{prefix}.{name}"), &shape, values)?;
        }
        checkpoint.set_json(&format!("{prefix}.optimizer"), self.optimizer())
    }

    /// Takes parameters, optimizer state and learning rate from a checkpoint that [`Mlp::export_to`] wrote. Nothing
    /// is changed unless everything fits, see [`Mlp::check_import`].
    ///
    /// # Errors
    /// As [`Mlp::check_import`]; [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn import_from(&mut self, ctx: &Context, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let (tensors, optimizer) = self.checked(checkpoint, prefix)?;
        self.import(ctx, &tensors)?;
        self.set_lr(optimizer.lr())
    }

    /// Whether a checkpoint fits: the same layers, and the same optimizer with the same hyper-parameters. The
    /// learning rate may differ.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint), which says what differs.
    pub fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.checked(checkpoint, prefix).map(drop)
    }

    fn checked(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<(Vec<NamedTensor>, DenseOptimizer)> {
        let key = format!("{prefix}.optimizer");
        let saved: DenseOptimizer = checkpoint.json(&key)?;
        let wanted = self.optimizer();
        if saved.with_lr(wanted.lr()) != *wanted {
            return Err(checkpoint.mismatch(key, format!("{wanted:?}"), format!("{saved:?}")));
        }
        saved.validate().map_err(|error| checkpoint.mismatch(key, "sensible hyper-parameters", error))?;
        let tensors = self.named_shapes().into_iter().map(|(name, shape)| {
            let values = checkpoint.tensor::<f32>(&format!("{prefix}.{name}"), &shape)?.to_vec();
            Ok(NamedTensor { name, shape, values })
        });
        let tensors = tensors.collect::<Result<Vec<_>>>()?;
        let next = format!("{prefix}.{}.weight", self.layers().len());
        if checkpoint.shape(&next).is_some() {
            let expected = format!("{} layers", self.layers().len());
            return Err(checkpoint.mismatch(format!("layers of \"{prefix}\""), expected, "more"));
        }
        self.matched(&tensors).map_err(|error| checkpoint.mismatch(prefix, "tensors that fit", error))?;
        Ok((tensors, saved))
    }
}
