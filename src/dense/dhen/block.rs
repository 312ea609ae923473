//! What modules have in common.

use std::fmt::Debug;

use crate::dense::trained::{Trained, Training};
use crate::{Matrix, Recorder, Result};

/// A module of a layer: from the tokens of `x` to those of `out`. What a call recorded before it failed is for
/// the caller to take back.
pub(super) trait Block: Debug + Send + Sync {
    /// Records the forward pass.
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()>;

    /// Records the gradients of the parameters and, added to `dx`, of the input, after [`Block::forward`] for the
    /// same `x`. `dout` stays as it is.
    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()>;

    /// The parts with parameters, by what comes before their names.
    fn parts(&self) -> Vec<(String, &dyn Trained)>;

    /// The optimizers of these parts.
    fn trainings(&mut self) -> Vec<&mut Training>;
}
