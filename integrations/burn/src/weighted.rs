//! Lookups with per-sample weights that are a tensor.

use std::sync::Arc;

use burn::tensor::{DType, Tensor};
use embag::Result;

use crate::backward::{Lookup, track, track_weighted};
use crate::kind::Weighable;
use crate::memory::invalid;
use crate::tables::Tables;

impl<T: Weighable> Tables<T> {
    /// [`Tables::forward`] with one weight for each id, in the order of the batch's ids. If the weights are
    /// tracked, they get their gradient; the rows get theirs with the weights as they were.
    ///
    /// # Errors
    /// As [`Tables::forward`], and if there is not one weight for each id, a feature is a maximum, or the
    /// weights are of another device or gradient-checkpointing strategy. If a [`step`](Tables::step) lies
    /// between this call and the backward pass of a tracked weight, the next step says so.
    pub fn forward_weighted(&self, batch: &T::Batch, weights: Tensor<1>) -> Result<Tensor<2>> {
        if !weights.dtype().is_float() {
            return Err(invalid("weights", "floating-point numbers", format!("{:?}", weights.dtype())));
        }
        let differentiable = weights.device().is_autodiff();
        let weights = if weights.dtype() == DType::F32 { weights } else { weights.cast(DType::F32) };
        let values = if differentiable { weights.clone().inner() } else { weights.clone() };
        let held = Arc::new(self.shared.memory.floats(values, "weights")?);
        let batch = T::with_weights(batch, held.buffer.clone())?;
        let (out, step) = self.look_up(&batch)?;
        if !self.trains() {
            return Ok(out);
        }
        let lookup = Lookup { shared: self.shared.clone(), batch, weights: Some(held) };
        match differentiable {
            true => track_weighted((lookup, step), out, weights, &self.device),
            false => track(lookup, out, &self.device),
        }
    }
}
