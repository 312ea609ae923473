//! A net in checkpoints.

use super::{Dhen, DhenLayer};
use crate::dense::NamedTensor;
use crate::dense::checkpoint::{checked, export};
use crate::{Checkpoint, Context, Result};

impl Dhen {
    /// Adds what [`Dhen::tensors`] gives to a checkpoint, as `{prefix}.layers.0.norm.affine` and so on, and layers
    /// and optimizer as `{prefix}.layers` and `{prefix}.optimizer` in the metadata. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names already,
    /// [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        export(self.tensors(ctx)?, self.optimizer(), checkpoint, prefix)?;
        checkpoint.set_json(&format!("{prefix}.layers"), &self.described)
    }

    /// Takes parameters, optimizer state and learning rate from a checkpoint that [`Dhen::export`] wrote. Nothing
    /// is changed unless everything fits, see [`Dhen::check_import`].
    ///
    /// # Errors
    /// As [`Dhen::check_import`]; [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn import(&mut self, ctx: &Context, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let (tensors, lr) = self.fitting(checkpoint, prefix)?;
        self.set_tensors(ctx, &tensors)?;
        self.set_lr(lr)
    }

    /// Whether a checkpoint fits: the same layers of the same modules, and the same optimizer with the same
    /// hyper-parameters. The learning rate may differ.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint), which says what differs.
    pub fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.fitting(checkpoint, prefix).map(drop)
    }

    /// The tensors, and the learning rate.
    fn fitting(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<(Vec<NamedTensor>, f32)> {
        let saved: Vec<DhenLayer> = checkpoint.json(&format!("{prefix}.layers"))?;
        if saved.len() != self.described.len() {
            let what = format!("layers of \"{prefix}\"");
            return Err(checkpoint.mismatch(what, self.described.len(), saved.len()));
        }
        for (i, (saved, wanted)) in saved.iter().zip(&self.described).enumerate() {
            if saved != wanted {
                let what = format!("layer {i} of \"{prefix}\"");
                return Err(checkpoint.mismatch(what, wanted.described(), saved.described()));
            }
        }
        let (tensors, optimizer) = checked(&self.parts(), checkpoint, prefix)?;
        Ok((tensors, optimizer.lr()))
    }
}

impl DhenLayer {
    /// The layer in words.
    fn described(&self) -> String {
        let modules: Vec<String> = self
            .modules
            .iter()
            .map(|(module, tokens)| match tokens {
                Some(tokens) => format!("{module:?} of {tokens}"),
                None => format!("{module:?}"),
            })
            .collect();
        format!("{} tokens, {:?} of {}", self.tokens, self.ensemble, modules.join(" and "))
    }
}
