//! Why training ended early.

use crate::data::DataError;

/// Whatever ends training before its last epoch.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data, or an argument about it.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The device, or a checkpoint.
    #[error(transparent)]
    Embag(#[from] embag::Error),
    /// The loss is no longer a number.
    #[error("the training diverged in epoch {epoch}: its loss is not finite; try an --lr below {lr}")]
    Diverged { epoch: usize, lr: f32 },
    /// Ctrl-C.
    #[error("stopped")]
    Stopped,
}
