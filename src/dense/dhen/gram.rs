//! DHEN's DCN as it is printed: a projection of the products of values, without a skip of its own.

use super::block::Block;
use crate::dense::DenseOptimizer;
use crate::dense::batched::{Item, record_batch_product, record_batch_sum, record_with_bias};
use crate::dense::linear::column_sums;
use crate::dense::parameter::Parameter;
use crate::dense::plan::{record, row_chunks};
use crate::dense::room::Room;
use crate::dense::scratch::scratch;
use crate::dense::trained::{Trained, Training};
use crate::{Matrix, Recorder, Result};

/// `U = W (X^T X) + b`, `W` of `[l, dim]` and `b` of `[l, dim]`.
#[derive(Debug)]
pub(super) struct Gram {
    weight: Parameter,
    /// As one row.
    bias: Parameter,
    training: Training,
    inputs: usize,
    /// `X^T X`, `[max_batch, dim * dim]`.
    gram: Matrix,
}

impl Trained for Gram {
    fn all(&self) -> Vec<&Parameter> {
        vec![&self.weight, &self.bias]
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

impl Gram {
    pub(super) fn new(
        room: &mut Room,
        (inputs, outputs): (usize, usize),
        dim: usize,
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        let scale = 1.0 / f32::sqrt(dim as f32);
        let mut parameter =
            |name, shape, first_row| Parameter::new(room, name, shape, first_row, scale, optimizer, seed);
        Ok(Self {
            weight: parameter("weight", (outputs, dim), 0)?,
            // the row behind the weight's last, so that no number comes twice
            bias: parameter("bias", (1, outputs * dim), outputs)?,
            training: Training::new(optimizer)?,
            inputs,
            gram: room.activation(max_batch, dim * dim)?,
        })
    }

    fn dim(&self) -> usize {
        self.weight.value.cols()
    }
}

impl Block for Gram {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let (dim, gram) = (self.dim(), self.gram.row_part(0, x.rows()));
        let tokens = Item::each(x, self.inputs, dim);
        record_batch_product(rec, tokens.transposed(), tokens, &gram, false)?;
        let product = Item::each(&gram, dim, dim);
        record_with_bias(rec, Item::shared(&self.weight.value), product, &self.bias.value, out)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        let (dim, gram) = (self.dim(), self.gram.row_part(0, x.rows()));
        let (du, weight) =
            (Item::each(dout, self.weight.value.rows(), dim), Item::shared(&self.weight.value));
        // X^T X is its own transpose
        record_batch_sum(rec, du, Item::each(&gram, dim, dim), &self.weight.grad)?;
        let ctx = rec.context().clone();
        if x.rows() == 0 {
            rec.clear(self.bias.grad.buffer());
        }
        let mut all = Vec::new();
        for rows in row_chunks(&ctx, &[dout]) {
            let part = dout.row_part(rows.start, rows.len());
            all.push(column_sums(&ctx, &part, &self.bias.grad, rows.start > 0)?);
        }
        record(rec, all);
        let Some(dx) = dx else { return Ok(()) };
        rec.scope(|rec| {
            let dgram = scratch(rec, x.rows(), dim * dim)?;
            record_batch_product(rec, weight.transposed(), du, &dgram, false)?;
            let (tokens, dgram) = (Item::each(x, self.inputs, dim), Item::each(&dgram, dim, dim));
            record_batch_product(rec, tokens, dgram, dx, true)?;
            record_batch_product(rec, tokens, dgram.transposed(), dx, true)
        })
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        vec![(String::new(), self)]
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        vec![&mut self.training]
    }
}
