//! Why a run ended early.

use std::io;
use std::path::PathBuf;

use crate::data::DataError;
use crate::outputs::OutputError;
use crate::picture::PlotError;

/// Whatever ends a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data, or an argument about it.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The device, a checkpoint, or numbers that make no sense.
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
    /// Nothing holds the budget.
    #[error("--ne-budget: even the formats that cost least are above {budget} %")]
    Budget { budget: f64 },
    /// A model that came back from its file gives other numbers.
    #[error("`{}`: the model that was read gives other log odds than the one that was written", .path.display())]
    Differs { path: PathBuf },
}
