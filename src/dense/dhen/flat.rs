//! A multilayer perceptron on the flat row, so that a model sees the values themselves.

use super::block::Block;
use crate::dense::plan::record;
use crate::dense::room::Room;
use crate::dense::stack;
use crate::dense::trained::{Trained, Training};
use crate::dense::{Activation, DenseOptimizer, Mlp};
use crate::{Matrix, Recorder, Result};

/// Linear layers from one width to another, with relu between them.
#[derive(Debug)]
pub(super) struct Flat {
    pub(super) mlp: Mlp,
}

impl Flat {
    pub(super) fn new(
        room: &mut Room,
        sizes: &[usize],
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        Ok(Self { mlp: Mlp::within(room, sizes, Activation::None, max_batch, optimizer, seed)? })
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
        if x.rows() == 0 {
            self.mlp.layers().iter().for_each(|layer| layer.clear_gradients(rec));
        }
        // nothing follows the last layer, so that its output is not read, nor its gradient written
        let all = self.mlp.plan_backward(rec, x, dout, dout, dx, accumulate)?;
        record(rec, all);
        Ok(())
    }
}

impl Block for Flat {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        self.mlp.record_forward(rec, x, out)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        self.backward_into(rec, x, dout, dx, true)
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        let layers = self.mlp.layers().iter().enumerate();
        layers.map(|(i, layer)| (stack::prefix(i), layer as &dyn Trained)).collect()
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        self.mlp.layers_mut().iter_mut().map(Trained::training_mut).collect()
    }
}
