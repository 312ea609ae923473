//! How a program that needs no more than a device, data and a picture ends.

use std::io;
use std::process::ExitCode;

use crate::data::DataError;
use crate::picture::PlotError;

/// Whatever ends a run before its report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
}

/// Says what went wrong, if something did.
pub fn exit(result: Result<(), RunError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
