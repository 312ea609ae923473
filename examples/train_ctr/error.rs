//! Why a run ended early.

use std::io;

use crate::data::DataError;
use crate::outputs::OutputError;
use crate::picture::PlotError;

/// Whatever ends a run before its last epoch.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data, or an argument about it.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The device, or a checkpoint.
    #[error(transparent)]
    Embag(#[from] embag::Error),
    /// The plot.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// The standard output.
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
    /// A file that is not to be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The loss is no longer a number.
    #[error("the training diverged in epoch {epoch}: its loss is not finite; try an --lr below {lr}")]
    Diverged { epoch: usize, lr: f32 },
    /// Ctrl-C.
    #[error("stopped")]
    Stopped,
    /// The handler of Ctrl-C.
    #[error("cannot listen to Ctrl-C: {0}")]
    Signal(#[from] ctrlc::Error),
}
