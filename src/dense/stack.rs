//! What stacks of layers have in common: all of their layers take a step, or are in a checkpoint, together.

use super::parameter::NamedTensor;
use super::trained::{Import, Trained};
use crate::{Context, Recorder, Result};

/// Layer `i`'s prefix among the names of tensors.
pub(super) fn prefix(i: usize) -> String {
    format!("{i}.")
}

/// Layers with what comes before their names.
pub(super) fn numbered<T: Trained>(layers: &[T]) -> Vec<(String, &dyn Trained)> {
    layers.iter().enumerate().map(|(i, layer)| (prefix(i), layer as &dyn Trained)).collect()
}

/// Records one step of every layer's optimizer.
pub(super) fn step(layers: &[impl Trained], rec: &mut Recorder) -> Result<()> {
    rec.whole(|rec| layers.iter().try_for_each(|layer| layer.step_parameters(rec)))
}

/// Everything that a checkpoint must hold.
pub(super) fn export(layers: &[(String, &dyn Trained)], ctx: &Context) -> Result<Vec<NamedTensor>> {
    let mut all = Vec::new();
    for (prefix, layer) in layers {
        all.extend(layer.export_with(ctx, prefix)?);
    }
    Ok(all)
}

/// Takes up what [`export`] gave; nothing is changed if something does not fit.
pub(super) fn import(
    layers: &[(String, &dyn Trained)],
    ctx: &Context,
    tensors: &[NamedTensor],
) -> Result<()> {
    let imports = layers.iter().map(|(prefix, layer)| layer.matched(tensors, prefix));
    let imports: Vec<Import<'_>> = imports.collect::<Result<_>>()?;
    layers.iter().zip(imports).try_for_each(|((_, layer), import)| layer.take(ctx, import))
}
