//! What a model asks of the embeddings of all features, whatever they are kept in.

use embag::{Checkpoint, Matrix, Recorder, Result};

use crate::chunked_report::ChunkedReport;
use crate::data::{Examples, Schema};

/// The embeddings begin uniform between this and its negative.
pub const INIT: f32 = 0.05;
/// Their name in checkpoints.
pub const PREFIX: &str = "bags";

/// How often an id occurred while this run trained, and the columns that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub occurrences: u64,
    pub columns: u32,
}

/// Makes bags of examples, on any thread.
pub type BagLoader<B> = Box<dyn Fn(&Examples) -> Result<B> + Send + Sync>;

/// The embeddings of all features, side by side in the schema's order.
pub trait Embeddings {
    /// The bags of a batch, as much looked up as can be ahead of its step.
    type Bags: Send;
    /// Bags whose rows are known.
    type Rows<'a>;

    /// What makes the bags of these embeddings.
    fn loader(&self, schema: &Schema) -> BagLoader<Self::Bags>;

    /// Columns of all features.
    fn output_cols(&self) -> usize;

    /// The rows of a batch to train on; new ids get some.
    fn admit<'a>(&mut self, bags: &'a Self::Bags) -> Result<Self::Rows<'a>>;

    /// The rows of a batch to test.
    fn find<'a>(&self, rec: &mut Recorder, bags: &'a Self::Bags) -> Result<Self::Rows<'a>>;

    /// Records the pooled embeddings.
    fn forward(&self, rec: &mut Recorder, rows: &Self::Rows<'_>, out: &Matrix) -> Result<()>;

    /// Records the update by the gradient of [`Self::forward`]'s output.
    fn backward(&mut self, rec: &mut Recorder, rows: &Self::Rows<'_>, grad: &Matrix) -> Result<()>;

    /// Called after each step was submitted.
    fn stepped(&mut self, step: u64) -> Result<()>;

    /// Called at the end of an epoch, before the test.
    fn settle(&mut self, step: u64) -> Result<()>;

    /// The bytes of all tables, and of their optimizer's state.
    fn bytes(&self) -> (u64, u64);

    /// What is to be said of chunks, if there are any.
    fn report(&self) -> Result<Option<ChunkedReport>>;

    /// Occurrences and columns of the ids that have rows, if they were counted.
    fn kept(&self) -> Result<Vec<Kept>>;

    /// Adds everything to a checkpoint.
    fn export(&self, checkpoint: &mut Checkpoint) -> Result<()>;

    /// Takes everything from a checkpoint, with a learning rate of its own.
    fn import(&mut self, checkpoint: &Checkpoint, lr: f32) -> Result<()>;
}
