//! What stacks of layers have in common: all of their layers take a step, or are in a checkpoint, together.

use super::parameter::NamedTensor;
use super::trained::{Import, Trained};
use crate::{Context, Recorder, Result};

/// Layer `i`'s prefix among the names of tensors.
pub(super) fn prefix(i: usize) -> String {
    format!("{i}.")
}

/// Records one step of every layer's optimizer.
pub(super) fn step(layers: &[impl Trained], rec: &mut Recorder) -> Result<()> {
    rec.whole(|rec| layers.iter().try_for_each(|layer| layer.step_parameters(rec)))
}

/// Everything that a checkpoint must hold.
pub(super) fn export(layers: &[impl Trained], ctx: &Context) -> Result<Vec<NamedTensor>> {
    let mut all = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        all.extend(layer.export_with(ctx, &prefix(i))?);
    }
    Ok(all)
}

/// Finds the tensors of every layer.
fn matched<'a>(layers: &[impl Trained], tensors: &'a [NamedTensor]) -> Result<Vec<Import<'a>>> {
    layers.iter().enumerate().map(|(i, layer)| layer.matched(tensors, &prefix(i))).collect()
}

/// Takes up what [`export`] gave; nothing is changed if something does not fit.
pub(super) fn import(layers: &mut [impl Trained], ctx: &Context, tensors: &[NamedTensor]) -> Result<()> {
    let imports = matched(layers, tensors)?;
    layers.iter_mut().zip(imports).try_for_each(|(layer, import)| layer.take(ctx, import))
}
