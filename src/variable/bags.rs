//! Bags of rows: summed, and updated by the gradient of the sums.

use super::values::no_bags;
use super::{RowValues, VariableBatch, VariableRows};
use crate::bag::{Gradients, Outputs, Pooling};
use crate::cast::{record_f32, record_round};
use crate::device::{Matrix, Precision, Recorder};
use crate::error::check_size;
use crate::{Error, Result};

impl VariableRows {
    /// The rows of each bag added up, `[bags, widest]`, as [`VariableRows::pool`] does it. Waits until it is
    /// done.
    ///
    /// # Errors
    /// As [`VariableRows::pool`].
    pub fn forward(&self, batch: &VariableBatch) -> Result<Matrix> {
        self.pool(batch, Pooling::Sum)
    }

    /// [`VariableRows::forward`] as the output of the only feature that there is.
    ///
    /// # Errors
    /// As [`VariableRows::forward`].
    pub fn forward_features(&self, batch: &VariableBatch) -> Result<Vec<Matrix>> {
        Ok(vec![self.forward(batch)?])
    }

    /// Records [`VariableRows::forward`] into a matrix of any precision.
    ///
    /// # Errors
    /// As [`VariableRows::forward`], and if `out` is more than one matrix, of another shape or larger than a
    /// binding.
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()> {
        let out = single(out.into(), "out")?;
        if out.precision == Precision::F32 {
            return self.record_pool(rec, batch, Pooling::Sum, out);
        }
        rec.whole(|rec| {
            let whole = Matrix::output(Precision::F32, rec.context(), out.rows, out.cols)?;
            self.record_pool(rec, batch, Pooling::Sum, &whole)?;
            record_round(rec, &whole, out)
        })
    }

    /// Updates every row of the batch's bags, once, with the optimizer; `grad` is the gradient of
    /// [`VariableRows::forward`]'s output. Waits until it is done.
    ///
    /// # Errors
    /// As [`VariableRows::update`], and if the batch has no bags.
    pub fn backward<'a>(&mut self, batch: &VariableBatch, grad: impl Into<Gradients<'a>>) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_backward(&mut rec, batch, grad)?;
        rec.run()
    }

    /// Records [`VariableRows::backward`].
    ///
    /// # Errors
    /// As [`VariableRows::backward`].
    pub fn record_backward<'a>(
        &mut self,
        rec: &mut Recorder,
        batch: &VariableBatch,
        grad: impl Into<Gradients<'a>>,
    ) -> Result<()> {
        let grad = single(grad.into(), "grad")?;
        let bags = batch.bags.as_ref().ok_or_else(no_bags)?;
        check_size("grad", (bags.count as usize, self.widest()), (grad.rows(), grad.cols()))?;
        rec.whole(|rec| {
            let grad = record_f32(rec, grad)?;
            self.record_update(rec, batch, &RowValues::Pooled(grad, Pooling::Sum))
        })
    }
}

/// The matrix of the only feature.
fn single<'a>(outputs: Outputs<'a>, name: &str) -> Result<&'a Matrix> {
    match outputs {
        Outputs::SideBySide(matrix) | Outputs::Features([matrix]) => Ok(matrix),
        Outputs::Features(several) => {
            Err(Error::invalid(name, "one matrix: all rows are of one feature", several.len()))
        }
    }
}
