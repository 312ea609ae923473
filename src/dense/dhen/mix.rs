//! The weights of a weighted sum of modules.

use crate::dense::DenseOptimizer;
use crate::dense::batched::{Item, record_batch_product, record_batch_sum};
use crate::dense::parameter::Parameter;
use crate::dense::room::Room;
use crate::dense::scratch::scratch;
use crate::dense::softmax::{record_softmax_rows, record_softmax_rows_grad};
use crate::dense::trained::{Trained, Training};
use crate::{Matrix, Recorder, Result};

/// A weight for each module, positive and one together: the softmax of trained values.
#[derive(Debug)]
pub(super) struct Mix {
    /// One row, zeros at first.
    logits: Parameter,
    training: Training,
    weights: Matrix,
    /// What the modules made, side by side, for the gradient.
    parts: Matrix,
}

impl Trained for Mix {
    fn all(&self) -> Vec<&Parameter> {
        vec![&self.logits]
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

impl Mix {
    /// For modules whose outputs have `width` values each.
    pub(super) fn new(
        room: &mut Room,
        modules: usize,
        width: usize,
        max_batch: usize,
        optimizer: &DenseOptimizer,
    ) -> Result<Self> {
        Ok(Self {
            logits: Parameter::new(room, "weights", (1, modules), 0, 0.0, optimizer, 0)?,
            training: Training::new(optimizer)?,
            weights: Matrix::padded(room.ctx(), 1, modules)?,
            parts: room.activation(max_batch, modules * width)?,
        })
    }

    /// Where modules write, side by side.
    pub(super) fn parts(&self, rows: usize) -> Matrix {
        self.parts.row_part(0, rows)
    }

    /// Records the weights, and returns them.
    pub(super) fn forward(&self, rec: &mut Recorder) -> Result<&Matrix> {
        record_softmax_rows(rec, &self.logits.value, 1.0, &self.weights)?;
        Ok(&self.weights)
    }

    /// Records the gradient of the values that weights are made of and, into `dparts`, those of the modules' outputs,
    /// side by side, from that of their weighted sum.
    pub(super) fn backward(&self, rec: &mut Recorder, dz: &Matrix, dparts: &Matrix) -> Result<()> {
        let (modules, width) = (self.weights.cols(), dz.cols());
        let parts = self.parts(dz.rows());
        let by_module = Item::each(&parts, modules, width);
        rec.scope(|rec| {
            let by_weight = scratch(rec, 1, modules)?;
            let column = Matrix::new(by_weight.buffer().clone(), modules, 1, 1)?;
            record_batch_sum(rec, by_module, Item::each(dz, 1, width).transposed(), &column)?;
            record_softmax_rows_grad(rec, &self.weights, &by_weight, 1.0, &self.logits.grad)?;
            let weights = Item::shared(&self.weights).transposed();
            record_batch_product(rec, weights, Item::each(dz, 1, width), dparts, false)
        })
    }
}
