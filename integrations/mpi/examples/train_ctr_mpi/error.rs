//! Why a run ended early.

use std::io;
use std::path::PathBuf;

use crate::ctr::TrainError;
use crate::data::DataError;

/// Whatever ends a run before its last epoch.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A plan's file.
    #[error("`{}`: {reason}", .path.display())]
    Plan { path: PathBuf, reason: String },
    /// The standard output.
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
    /// What is told to other ranks.
    #[error("cannot describe the run: {0}")]
    Json(#[from] serde_json::Error),
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
