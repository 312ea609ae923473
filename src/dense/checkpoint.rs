//! Dense parameters and optimizer state in checkpoints.

use super::stack;
use super::trained::{STEPS, Trained};
use super::{CrossLayer, CrossNet, DenseOptimizer, Linear, Mlp, NamedTensor};
use crate::{Checkpoint, Context, Result};

/// The same for layers and stacks of them: `layers` are the parts, `first` what the first tensor is called,
/// `part` what comes before the names of a part's tensors.
macro_rules! in_checkpoints {
    ($stack:ident, $first:literal, |$this:ident| $layers:expr, $part:expr) => {
        impl $stack {
            #[doc = concat!("Adds what [`", stringify!($stack), "::tensors`] gives to a checkpoint, as")]
            #[doc = concat!("`{prefix}.", $first, "` and so on, and the optimizer as `{prefix}.optimizer` in the")]
            /// metadata. Blocks.
            ///
            /// # Errors
            /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these
            /// names already, [`Error::Device`](crate::Error::Device) if the device fails.
            pub fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
                for NamedTensor { name, shape, values } in self.tensors(ctx)? {
                    checkpoint.insert(&format!("{prefix}.{name}"), &shape, values)?;
                }
                checkpoint.set_json(&format!("{prefix}.optimizer"), self.optimizer())
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
                let (tensors, optimizer) = checked($layers, $part, checkpoint, prefix)?;
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
                checked($layers, $part, checkpoint, prefix).map(drop)
            }
        }
    };
}

in_checkpoints!(Mlp, "0.bias", |mlp| mlp.layers(), stack::prefix);
in_checkpoints!(CrossNet, "0.bias", |net| net.layers(), stack::prefix);
in_checkpoints!(Linear, "bias", |layer| std::slice::from_ref(layer), |_| String::new());
in_checkpoints!(CrossLayer, "bias", |layer| std::slice::from_ref(layer), |_| String::new());

/// The tensors and the optimizer for at least one layer.
fn checked(
    layers: &[impl Trained],
    part: impl Fn(usize) -> String,
    checkpoint: &Checkpoint,
    prefix: &str,
) -> Result<(Vec<NamedTensor>, DenseOptimizer)> {
    let key = format!("{prefix}.optimizer");
    let saved: DenseOptimizer = checkpoint.json(&key)?;
    let wanted = layers[0].training().optimizer;
    if saved.with_lr(wanted.lr()) != wanted {
        return Err(checkpoint.mismatch(key, wanted.described(), saved.described()));
    }
    saved.validate().map_err(|error| checkpoint.mismatch(key, "sensible hyper-parameters", error))?;
    let shapes = layers.iter().enumerate().flat_map(|(i, layer)| layer.named_shapes(&part(i)));
    let tensors = shapes.map(|(name, shape)| {
        let values = checkpoint.tensor::<f32>(&format!("{prefix}.{name}"), &shape)?.to_vec();
        Ok(NamedTensor { name, shape, values })
    });
    let tensors = tensors.collect::<Result<Vec<_>>>()?;
    // a stack may have been higher
    let next = part(layers.len());
    if !next.is_empty() && checkpoint.shape(&format!("{prefix}.{next}{STEPS}")).is_some() {
        let expected = format!("{} layers", layers.len());
        return Err(checkpoint.mismatch(format!("layers of \"{prefix}\""), expected, "more"));
    }
    for (i, layer) in layers.iter().enumerate() {
        let matched = layer.matched(&tensors, &part(i));
        matched.map_err(|error| checkpoint.mismatch(prefix, "tensors that fit", error))?;
    }
    Ok((tensors, saved))
}
