//! Why a run ended early.

use std::io;

use crate::ctr::TrainError;
use crate::data::DataError;
use crate::outputs::OutputError;
use crate::picture::PlotError;

/// Whatever ends a run before its last epoch.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The plot.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// The standard output.
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
    /// A file that is not to be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The handler of Ctrl-C.
    #[error("cannot listen to Ctrl-C: {0}")]
    Signal(#[from] ctrlc::Error),
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        TrainError::from(error).into()
    }
}

impl From<embag::Error> for RunError {
    fn from(error: embag::Error) -> Self {
        TrainError::from(error).into()
    }
}
