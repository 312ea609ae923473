//! What a trainer needs of embeddings.

use bytemuck::Pod;
use embag::dense::Layers;
use embag::{Checkpoint, Matrix, Recorder, Result};
use std::path::Path;

use super::model::Batch;
use crate::data::Part;

/// Embeddings of one kind, and what there is to do around their steps. Those of several ranks exchange what
/// they need with each other; where a recorder is given, what was recorded before may be run for that.
pub trait Tables {
    /// Where a batch's rows are.
    type Rows;

    /// Columns of the embeddings of all features side by side.
    fn output_cols(&self) -> usize;

    /// Finds the rows of a batch.
    fn find(&mut self, batch: &Batch) -> Result<Self::Rows>;

    /// The same for a batch to train on, whose ids may be new.
    fn admit(&mut self, batch: &Batch) -> Result<Self::Rows> {
        self.find(batch)
    }

    /// Pools rows into `[examples, columns]`.
    fn forward(&mut self, rec: &mut Recorder, rows: &Self::Rows, out: &Matrix) -> Result<()>;

    /// Updates rows by the gradient of [`Tables::forward`]'s output.
    fn backward(&mut self, rec: &mut Recorder, rows: &Self::Rows, grad: &Matrix) -> Result<()>;

    /// Called after each step was submitted.
    fn stepped(&mut self, _step: u64) -> Result<()> {
        Ok(())
    }

    /// Called at the end of an epoch, before the test.
    fn settle(&mut self, _step: u64) -> Result<()> {
        Ok(())
    }

    fn set_lr(&mut self, lr: f32) -> Result<()>;

    /// The bytes of all rows, and of their optimizer's state, on all ranks.
    fn memory(&self) -> Result<(u64, u64)>;

    /// Writes the rows, with `rest`, which is the same on all ranks.
    fn save(&mut self, rest: Checkpoint, path: &Path) -> Result<()>;

    /// Reads the rows of what [`Tables::save`] wrote, and what there is of the dense layers besides these;
    /// `saved` is what else is in it.
    fn load(&mut self, saved: &Checkpoint, path: &Path, layers: &[&dyn Layers]) -> Result<()>;

    /// The part of each batch that is trained and tested here.
    fn part(&self) -> Part {
        Part::ALL
    }

    /// The examples of a batch on all ranks, where `own` of them are here.
    fn examples(&self, _rows: &Self::Rows, own: usize) -> usize {
        own
    }

    /// Adds up the gradients of layers over all ranks.
    fn reduce(&mut self, _rec: &mut Recorder, _layers: &[&dyn Layers]) -> Result<()> {
        Ok(())
    }

    /// Refuses layers that are not the same on all ranks.
    fn check_same(&self, _layers: &[&dyn Layers]) -> Result<()> {
        Ok(())
    }

    /// Whether any rank says so, for each of two questions.
    fn any(&self, own: [bool; 2]) -> Result<[bool; 2]> {
        Ok(own)
    }

    /// The values of all ranks, one after the other.
    fn gather<T: Pod>(&self, own: Vec<T>) -> Result<Vec<T>> {
        Ok(own)
    }
}
