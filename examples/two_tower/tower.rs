//! A tower: a linear layer on pooled rows, whose output is scaled to length one.

use embag::dense::{Activation, Linear, record_normalize_rows, record_normalize_rows_grad};
use embag::optim::Adam;
use embag::{Context, Matrix, Recorder, Result};

/// The layer, with room for what a step makes of a batch.
pub struct Tower {
    pub layer: Linear,
    pooled: Matrix,
    out: Matrix,
    vectors: Matrix,
    /// The gradients of the same.
    pooled_grad: Matrix,
    out_grad: Matrix,
    vectors_grad: Matrix,
}

/// What a step makes of a batch; matrices are `[batch, columns]`.
pub struct Pass {
    /// What the tables give.
    pub pooled: Matrix,
    out: Matrix,
    /// What the tower makes of it: rows of length one.
    pub vectors: Matrix,
    pub pooled_grad: Matrix,
    out_grad: Matrix,
    pub vectors_grad: Matrix,
}

impl Tower {
    /// A tower from `inputs` columns to `outputs`, for at most `batch` rows.
    pub fn new(
        ctx: &Context,
        inputs: usize,
        outputs: usize,
        batch: usize,
        lr: f32,
        seed: u64,
    ) -> Result<Self> {
        let matrix = |columns| Matrix::padded(ctx, batch, columns);
        Ok(Self {
            layer: Linear::new(ctx, inputs, outputs, Activation::None, Adam::new(lr), seed)?,
            pooled: matrix(inputs)?,
            out: matrix(outputs)?,
            vectors: matrix(outputs)?,
            pooled_grad: matrix(inputs)?,
            out_grad: matrix(outputs)?,
            vectors_grad: matrix(outputs)?,
        })
    }

    /// The most rows of a pass.
    pub fn most(&self) -> usize {
        self.pooled.rows()
    }

    /// Room for a batch of `rows`.
    pub fn pass(&self, rows: usize) -> Result<Pass> {
        let part = |matrix: &Matrix| matrix.row_range(0, rows);
        Ok(Pass {
            pooled: part(&self.pooled)?,
            out: part(&self.out)?,
            vectors: part(&self.vectors)?,
            pooled_grad: part(&self.pooled_grad)?,
            out_grad: part(&self.out_grad)?,
            vectors_grad: part(&self.vectors_grad)?,
        })
    }

    /// Records the vectors of what was pooled.
    pub fn record_forward(&self, rec: &mut Recorder, pass: &Pass, vectors: &Matrix) -> Result<()> {
        self.layer.record_forward(rec, &pass.pooled, &pass.out)?;
        record_normalize_rows(rec, &pass.out, vectors)
    }

    /// Records the gradients of the layer and of what was pooled, from that of the vectors, and the layer's
    /// step.
    pub fn record_backward(&mut self, rec: &mut Recorder, pass: &Pass) -> Result<()> {
        record_normalize_rows_grad(rec, &pass.out, &pass.vectors_grad, &pass.out_grad)?;
        self.layer.record_backward(rec, &pass.pooled, &pass.out, &pass.out_grad, Some(&pass.pooled_grad))?;
        self.layer.record_step(rec)
    }
}
