//! `U = W X`: tokens are mixed, values left alone.

use super::block::Block;
use crate::dense::DenseOptimizer;
use crate::dense::batched::{Item, record_batch_product, record_batch_sum};
use crate::dense::parameter::Parameter;
use crate::dense::room::Room;
use crate::dense::trained::{Trained, Training};
use crate::{Matrix, Recorder, Result};

/// A linear layer across tokens, without a bias; Wukong's linear compress block.
#[derive(Debug)]
pub(super) struct TokenLinear {
    weight: Parameter,
    training: Training,
    dim: usize,
}

impl Trained for TokenLinear {
    fn all(&self) -> Vec<&Parameter> {
        vec![&self.weight]
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

impl TokenLinear {
    /// From `inputs` tokens to `outputs` of as many values, with weights uniform in `[-1 / sqrt(inputs), 1 /
    /// sqrt(inputs))`.
    pub(super) fn new(
        room: &mut Room,
        (inputs, outputs): (usize, usize),
        dim: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        let scale = 1.0 / f32::sqrt(inputs as f32);
        let weight = Parameter::new(room, "weight", (outputs, inputs), 0, scale, optimizer, seed)?;
        Ok(Self { weight, training: Training::new(optimizer)?, dim })
    }

    /// [`Block::backward`], overwriting `dx` unless `accumulate`.
    pub(super) fn backward_into(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        dout: &Matrix,
        dx: Option<&Matrix>,
        accumulate: bool,
    ) -> Result<()> {
        let (outputs, inputs) = (self.weight.value.rows(), self.weight.value.cols());
        let du = Item::each(dout, outputs, self.dim);
        record_batch_sum(rec, du, Item::each(x, inputs, self.dim).transposed(), &self.weight.grad)?;
        match dx {
            Some(dx) => {
                record_batch_product(rec, Item::shared(&self.weight.value).transposed(), du, dx, accumulate)
            }
            None => Ok(()),
        }
    }
}

impl Block for TokenLinear {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let weight = Item::shared(&self.weight.value);
        record_batch_product(rec, weight, Item::each(x, self.weight.value.cols(), self.dim), out, false)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        self.backward_into(rec, x, dout, dx, true)
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        vec![(String::new(), self)]
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        vec![&mut self.training]
    }
}
