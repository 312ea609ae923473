//! Embeddings that one process trains by itself.

use std::path::Path;

use embag::dense::Layers;
use embag::{Checkpoint, Embeddings, Matrix, Recorder, Result};

use crate::chunked_report::ChunkedReport;
use crate::ctr::{Batch, PREFIX, Tables};
use crate::upkeep::{Kept, Upkeep};

/// Tables of any kind, and what is done to them besides steps.
#[derive(Debug)]
pub struct Alone<E, U> {
    embeddings: E,
    upkeep: U,
}

impl<E: Embeddings, U: Upkeep<E>> Alone<E, U> {
    pub const fn new(embeddings: E, upkeep: U) -> Self {
        Self { embeddings, upkeep }
    }

    /// What is to be said of chunks, if there are any.
    pub fn chunks(&self) -> Result<Option<ChunkedReport>> {
        self.upkeep.report(&self.embeddings)
    }

    /// Occurrences and columns of the ids, if they were counted.
    pub fn kept(&self) -> Result<Vec<Kept>> {
        self.upkeep.kept(&self.embeddings)
    }
}

impl<E: Embeddings, U: Upkeep<E>> Tables for Alone<E, U> {
    type Rows = E::Batch;

    fn output_cols(&self) -> usize {
        self.embeddings.output_cols()
    }

    fn find(&mut self, batch: &Batch) -> Result<E::Batch> {
        self.embeddings.find(&batch.ids, &batch.lengths, batch.weights.as_deref())
    }

    fn admit(&mut self, batch: &Batch) -> Result<E::Batch> {
        self.upkeep.before(&mut self.embeddings, &batch.ids)?;
        self.embeddings.admit(&batch.ids, &batch.lengths, batch.weights.as_deref())
    }

    fn forward(&mut self, rec: &mut Recorder, rows: &E::Batch, out: &Matrix) -> Result<()> {
        self.embeddings.record_forward(rec, rows, out)
    }

    fn backward(&mut self, rec: &mut Recorder, rows: &E::Batch, grad: &Matrix) -> Result<()> {
        self.embeddings.record_backward(rec, rows, grad)
    }

    fn stepped(&mut self, step: u64) -> Result<()> {
        self.upkeep.stepped(&mut self.embeddings, step)
    }

    fn settle(&mut self, step: u64) -> Result<()> {
        self.upkeep.settle(&mut self.embeddings, step)
    }

    fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.embeddings.set_lr(lr)
    }

    fn memory(&self) -> Result<(u64, u64)> {
        Ok(self.embeddings.memory())
    }

    fn save(&mut self, mut rest: Checkpoint, path: &Path) -> Result<()> {
        self.embeddings.export(&mut rest, PREFIX)?;
        rest.save(path)
    }

    fn load(&mut self, saved: &Checkpoint, _path: &Path, _layers: &[&dyn Layers]) -> Result<()> {
        self.embeddings.import(saved, PREFIX)
    }
}
