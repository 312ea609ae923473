//! The dot products of all pairs of tokens, projected to tokens.

use super::block::Block;
use super::flat::Flat;
use crate::dense::plan::record;
use crate::dense::room::Room;
use crate::dense::scratch::scratch;
use crate::dense::trained::{Trained, Training};
use crate::dense::{DenseOptimizer, Interaction};
use crate::{Error, Matrix, Recorder, Result};

/// Stands for the AdvancedDLRM of the paper, whose inside is not published.
#[derive(Debug)]
pub(super) struct Dot {
    interaction: Interaction,
    /// The products, for the gradient of what follows.
    dots: Matrix,
    projection: Flat,
}

impl Dot {
    pub(super) fn new(
        room: &mut Room,
        (inputs, outputs): (usize, usize),
        dim: usize,
        hidden: Option<usize>,
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if inputs < 2 {
            return Err(Error::invalid("tokens", "at least two for a module of dot products", inputs));
        }
        let interaction = Interaction { features: inputs, dim, self_interaction: false, dense_part: false };
        let pairs = interaction.out_cols();
        let sizes: Vec<usize> = [pairs].into_iter().chain(hidden).chain([outputs * dim]).collect();
        Ok(Self {
            interaction,
            dots: room.activation(max_batch, pairs)?,
            projection: Flat::new(room, &sizes, max_batch, optimizer, seed)?,
        })
    }
}

impl Block for Dot {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let dots = self.dots.row_part(0, x.rows());
        self.interaction.record_forward(rec, x, &dots)?;
        self.projection.forward(rec, &dots, out)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        let dots = self.dots.row_part(0, x.rows());
        let Some(dx) = dx else { return self.projection.backward(rec, &dots, dout, None) };
        rec.scope(|rec| {
            let ddots = scratch(rec, x.rows(), self.dots.cols())?;
            self.projection.backward_into(rec, &dots, dout, Some(&ddots), false)?;
            let all = self.interaction.plan_backward(rec, x, &ddots, dx, true)?;
            record(rec, all);
            Ok(())
        })
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        self.projection.parts()
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        self.projection.trainings()
    }
}
