//! Dense parameters and optimizer state in checkpoints.

use super::stack;
use super::trained::{STEPS, Trained};
use super::{CrossLayer, CrossNet, DenseOptimizer, Linear, Mlp, NamedTensor};
use crate::{Checkpoint, Context, Result};

/// The same for layers and stacks of them: `layers` are the parts with what comes before their names, `first` is
/// what the first tensor is called.
macro_rules! in_checkpoints {
    ($stack:ident, $first:literal, |$this:ident| $layers:expr) => {
        impl $stack {
            #[doc = concat!("Adds what [`", stringify!($stack), "::tensors`] gives to a checkpoint, as")]
            #[doc = concat!("`{prefix}.", $first, "` and so on, and the optimizer as `{prefix}.optimizer` in the")]
            /// metadata. Blocks.
            ///
            /// # Errors
            /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these
            /// names already, [`Error::Device`](crate::Error::Device) if the device fails.
            pub fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
                export(self.tensors(ctx)?, self.optimizer(), checkpoint, prefix)
            }

            /// Takes parameters, optimizer state and learning rate from a checkpoint that
            #[doc = concat!("[`", stringify!($stack), "::export`] wrote. Nothing is changed unless everything")]
            #[doc = concat!("fits, see [`", stringify!($stack), "::check_import`].")]
            ///
            /// # Errors
            #[doc = concat!("As [`", stringify!($stack), "::check_import`];")]
            /// [`Error::Device`](crate::Error::Device) if the device fails.
            pub fn import(&mut self, ctx: &Context, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
                let $this = &*self;
                let (tensors, optimizer) = checked(&$layers, checkpoint, prefix)?;
                self.set_tensors(ctx, &tensors)?;
                self.set_lr(optimizer.lr())
            }

            /// Whether a checkpoint fits: the same layers, and the same optimizer with the same
            /// hyper-parameters. The learning rate may differ.
            ///
            /// # Errors
            /// [`Error::Checkpoint`](crate::Error::Checkpoint), which says what differs.
            pub fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
                let $this = self;
                checked(&$layers, checkpoint, prefix).map(drop)
            }
        }
    };
}

in_checkpoints!(Mlp, "0.bias", |mlp| stack::numbered(mlp.layers()));
in_checkpoints!(CrossNet, "0.bias", |net| stack::numbered(net.layers()));
in_checkpoints!(Linear, "bias", |layer| [(String::new(), layer as &dyn Trained)]);
in_checkpoints!(CrossLayer, "bias", |layer| [(String::new(), layer as &dyn Trained)]);

/// Adds tensors and their optimizer to a checkpoint.
pub(super) fn export(
    tensors: Vec<NamedTensor>,
    optimizer: &DenseOptimizer,
    checkpoint: &mut Checkpoint,
    prefix: &str,
) -> Result<()> {
    for NamedTensor { name, shape, values } in tensors {
        checkpoint.insert(&format!("{prefix}.{name}"), &shape, values)?;
    }
    checkpoint.set_json(&format!("{prefix}.optimizer"), optimizer)
}

/// The tensors and the optimizer for at least one layer.
pub(super) fn checked(
    layers: &[(String, &dyn Trained)],
    checkpoint: &Checkpoint,
    prefix: &str,
) -> Result<(Vec<NamedTensor>, DenseOptimizer)> {
    let key = format!("{prefix}.optimizer");
    let saved: DenseOptimizer = checkpoint.json(&key)?;
    let wanted = layers[0].1.training().optimizer;
    if saved.with_lr(wanted.lr()) != wanted {
        return Err(checkpoint.mismatch(key, wanted.described(), saved.described()));
    }
    saved.validate().map_err(|error| checkpoint.mismatch(key, "sensible hyper-parameters", error))?;
    let shapes = layers.iter().flat_map(|(part, layer)| layer.named_shapes(part));
    let tensors = shapes.map(|(name, shape)| {
        let values = checkpoint.tensor::<f32>(&format!("{prefix}.{name}"), &shape)?.to_vec();
        Ok(NamedTensor { name, shape, values })
    });
    let tensors = tensors.collect::<Result<Vec<_>>>()?;
    // a stack may have been higher
    let next = stack::prefix(layers.len());
    if layers[0].0 == stack::prefix(0) && checkpoint.shape(&format!("{prefix}.{next}{STEPS}")).is_some() {
        let expected = format!("{} layers", layers.len());
        return Err(checkpoint.mismatch(format!("layers of \"{prefix}\""), expected, "more"));
    }
    for (part, layer) in layers {
        let matched = layer.matched(&tensors, part);
        matched.map_err(|error| checkpoint.mismatch(prefix, "tensors that fit", error))?;
    }
    Ok((tensors, saved))
}
