//! DCN-v2's cross of the flat row with itself, projected to tokens.

use super::block::Block;
use super::flat::Flat;
use crate::dense::DenseOptimizer;
use crate::dense::cross::{CrossLayer, Turn};
use crate::dense::plan::record;
use crate::dense::room::Room;
use crate::dense::scratch::scratch;
use crate::dense::trained::{Trained, Training};
use crate::{Matrix, Recorder, Result};

/// `P (x * (W x + b)) + c` for the flat row `x`; the layer's shortcut serves as the skip of DCN-v2.
#[derive(Debug)]
pub(super) struct Cross {
    cross: CrossLayer,
    /// `[max_batch, m * dim]`, for the gradient of the projection.
    crossed: Matrix,
    projection: Flat,
}

impl Cross {
    pub(super) fn new(
        room: &mut Room,
        (inputs, outputs): (usize, usize),
        dim: usize,
        rank: Option<usize>,
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        let sizes = [inputs * dim, outputs * dim];
        Ok(Self {
            cross: CrossLayer::within(room, sizes[0], rank, max_batch, optimizer, seed)?.without_skip(),
            crossed: room.activation(max_batch, sizes[0])?,
            projection: Flat::new(room, &sizes, max_batch, optimizer, seed.wrapping_add(1))?,
        })
    }
}

impl Block for Cross {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let crossed = self.crossed.row_part(0, x.rows());
        let all = self.cross.plan_forward(rec, x, x, &crossed)?;
        record(rec, all);
        self.projection.forward(rec, &crossed, out)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        let crossed = self.crossed.row_part(0, x.rows());
        rec.scope(|rec| {
            let dcrossed = scratch(rec, x.rows(), crossed.cols())?;
            self.projection.backward_into(rec, &crossed, dout, Some(&dcrossed), false)?;
            match dx {
                Some(dx) => {
                    let turn = Turn { first: false, last: true };
                    self.cross.record_turn(rec, x, x, &dcrossed, dx, turn)
                }
                // the kernels write it all the same
                None => {
                    let unread = scratch(rec, x.rows(), x.cols())?;
                    self.cross.record_turn(rec, x, x, &dcrossed, &unread, Turn { first: true, last: true })
                }
            }
        })
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        let projection = self.projection.parts().into_iter();
        let projection = projection.map(|(name, part)| (format!("projection.{name}"), part));
        let cross: (_, &dyn Trained) = ("cross.".to_owned(), &self.cross);
        [cross].into_iter().chain(projection).collect()
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        [self.cross.training_mut()].into_iter().chain(self.projection.trainings()).collect()
    }
}
