//! Lookup and update: those of the bags on the device, for batches that hold their rows in the cache.

use super::{CachedBags, CachedBatch};
use crate::Result;
use crate::bag::{Gradients, Outputs};
use crate::device::{Buffer, Matrix, Recorder};

impl CachedBags {
    /// Looks up and pools every feature, see [`EmbeddingBags::forward`](crate::EmbeddingBags::forward).
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`](crate::EmbeddingBags::forward).
    pub fn forward(&self, batch: &CachedBatch) -> Result<Matrix> {
        self.device.forward(&batch.inner)
    }

    /// Looks up every feature into a matrix of its own, see
    /// [`EmbeddingBags::forward_features`](crate::EmbeddingBags::forward_features).
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward_features`](crate::EmbeddingBags::forward_features).
    pub fn forward_features(&self, batch: &CachedBatch) -> Result<Vec<Matrix>> {
        self.device.forward_features(&batch.inner)
    }

    /// Records the lookup, see [`EmbeddingBags::record_forward`](crate::EmbeddingBags::record_forward).
    ///
    /// # Errors
    /// As [`EmbeddingBags::record_forward`](crate::EmbeddingBags::record_forward).
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &CachedBatch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()> {
        self.device.record_forward(rec, &batch.inner, out)?;
        batch.hold_for(rec);
        Ok(())
    }

    /// Updates every row that the batch touched, see
    /// [`EmbeddingBags::backward`](crate::EmbeddingBags::backward).
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`](crate::EmbeddingBags::backward).
    pub fn backward<'a>(&mut self, batch: &CachedBatch, grad: impl Into<Gradients<'a>>) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`CachedBags::backward`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::backward`](crate::EmbeddingBags::backward).
    pub fn record_backward<'a>(
        &mut self,
        rec: &mut Recorder,
        batch: &CachedBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<()> {
        self.device.record_backward(rec, &batch.inner, grad)?;
        batch.changed_by(rec, self.device.store().trained());
        Ok(())
    }

    /// The gradient with respect to the per-sample weights, see
    /// [`EmbeddingBags::weight_grad`](crate::EmbeddingBags::weight_grad).
    ///
    /// # Errors
    /// As [`EmbeddingBags::weight_grad`](crate::EmbeddingBags::weight_grad).
    pub fn weight_grad<'a>(&self, batch: &CachedBatch, grad: impl Into<Gradients<'a>>) -> Result<Buffer> {
        self.device.weight_grad(&batch.inner, grad)
    }

    /// Records [`CachedBags::weight_grad`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::record_weight_grad`](crate::EmbeddingBags::record_weight_grad).
    pub fn record_weight_grad<'a>(
        &self,
        rec: &mut Recorder,
        batch: &CachedBatch,
        grad: impl Into<Gradients<'a>>,
        out: &Buffer,
    ) -> Result<()> {
        self.device.record_weight_grad(rec, &batch.inner, grad, out)?;
        batch.hold_for(rec);
        Ok(())
    }
}
