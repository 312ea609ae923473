//! The one error type: every message names the argument, what was expected and what was got.

use std::path::PathBuf;
use std::time::Duration;

/// Everything that can go wrong in this crate.
///
/// When an operation returns an error, nothing has been written to tables, optimizer state or outputs.
/// `Debug` shows the same text as `Display`, since that is what a `main` that returns an error prints.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No adapter of the wanted kind was found.
    #[error("no GPU adapter: expected {expected}, got {got}")]
    NoAdapter {
        /// What kind of adapter was asked for.
        expected: String,
        /// What was found instead.
        got: String,
    },
    /// The device refused something (validation, memory, a lost device).
    #[error("device error in {operation}: {message}")]
    Device {
        /// What was being done.
        operation: String,
        /// The driver's or wgpu's own words.
        message: String,
    },
    /// The device is lost, or was destroyed: nothing runs on it any more. Calls that only hand work over may
    /// not notice it; the call that waits for that work does.
    #[error("{operation}: the device is lost; open another context")]
    DeviceLost {
        /// What was being done.
        operation: String,
    },
    /// The device did not finish in time.
    #[error("the device did not finish within {timeout:?}")]
    Timeout {
        /// How long was waited.
        timeout: Duration,
    },
    /// An argument has the wrong size, shape or value.
    #[error("{argument}: expected {expected}, got {got}")]
    InvalidArgument {
        /// The argument's name.
        argument: String,
        /// What would have been right.
        expected: String,
        /// What was passed.
        got: String,
    },
    /// An id of a batch is not a row of its table.
    #[error(
        "feature \"{feature}\", example {example}, position {position}: id {id} out of range for {rows} rows"
    )]
    IdOutOfRange {
        /// Name of the feature.
        feature: String,
        /// Index of the example in the batch.
        example: usize,
        /// Position of the id in the batch's values.
        position: usize,
        /// The id, as it was given.
        id: i128,
        /// Rows of the feature's table.
        rows: u64,
    },
    /// The offsets of a batch are not monotone or do not cover its values.
    #[error("{argument}[{index}]: expected {expected}, got {got}")]
    Offsets {
        /// Which offsets: those given, or those made of the lengths given.
        argument: String,
        /// Index of the first wrong offset.
        index: usize,
        /// What would have been right.
        expected: String,
        /// The offset there.
        got: i128,
    },
    /// A row number is beyond the end of a table.
    #[error("table \"{table}\": row {row} out of range for {rows} rows")]
    RowOutOfRange {
        /// Name of the table.
        table: String,
        /// The row asked for.
        row: u64,
        /// Rows of the table.
        rows: u64,
    },
    /// Something does not fit within the device's limits.
    #[error("{what} needs {needed} bytes, but the device allows {limit} ({hint})")]
    LimitExceeded {
        /// What does not fit.
        what: String,
        /// Its size in bytes.
        needed: u64,
        /// The device's limit in bytes.
        limit: u64,
        /// What can be done about it.
        hint: &'static str,
    },
    /// Tables take more memory than the machine, or the process's control group, has left; nothing was made.
    #[error("memory for {what}: expected at most the {available} bytes that are available, got {needed}")]
    OutOfMemory {
        /// Which tables.
        what: String,
        /// Bytes that they take in all, with optimizer state and what rows are found with.
        needed: u64,
        /// Bytes that are available.
        available: u64,
    },
    /// More ids are new than a directory has rows left, and that is to be an error
    /// ([`WhenFull::Error`](crate::chunked::WhenFull::Error)).
    #[error(
        "directory of table \"{table}\": expected at most {rows} rows, got {needed} (give it more, or let it grow or rows \
         leave: ChunkedTablesBuilder::when_full)"
    )]
    DirectoryFull {
        /// Name of the table.
        table: String,
        /// Rows that are in use, and those that the batch needs besides.
        needed: u64,
        /// Rows that there are.
        rows: u64,
    },
    /// A buffer, batch or table belongs to another context.
    #[error("{argument} belongs to another context")]
    WrongContext {
        /// The argument's name.
        argument: &'static str,
    },
    /// Rows or chunks have moved since the work was recorded; nothing of the submission ran.
    #[error("recorder: expected its submission before {moved}, got it afterwards; record it again")]
    Stale {
        /// What moved.
        moved: &'static str,
    },
    /// What was wrong on one rank of a group: the same error on all of them.
    #[error("rank {rank}: {reason}")]
    Rank {
        /// The rank.
        rank: usize,
        /// What it says.
        reason: String,
    },
    /// An exchange between ranks failed: one is gone, late, or does something else.
    #[error("rank {rank}, exchange of {what}: {reason}")]
    Group {
        /// This rank.
        rank: usize,
        /// What was exchanged.
        what: String,
        /// What went wrong, and with which rank.
        reason: String,
    },
    /// A checkpoint is damaged, or does not fit the model it is loaded into.
    #[error("checkpoint {path}: {reason}", path = path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong, with expected and got.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Refuses a matrix of another number of rows and columns than expected.
pub(crate) fn check_size(argument: &str, expected: (usize, usize), got: (usize, usize)) -> Result<()> {
    if got != expected {
        let text = |(rows, cols)| format!("{rows} x {cols}");
        return Err(Error::invalid(argument, text(expected), text(got)));
    }
    Ok(())
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn invalid(argument: impl Into<String>, expected: impl ToString, got: impl ToString) -> Self {
        Self::InvalidArgument {
            argument: argument.into(),
            expected: expected.to_string(),
            got: got.to_string(),
        }
    }

    pub(crate) fn on_rank(rank: usize, reason: impl ToString) -> Self {
        Self::Rank { rank, reason: reason.to_string() }
    }

    pub(crate) fn device(operation: impl Into<String>, message: impl ToString) -> Self {
        Self::Device { operation: operation.into(), message: message.to_string() }
    }

    /// The position of the offending id in the batch's values, if this is [`Error::IdOutOfRange`].
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::IdOutOfRange { position, .. } => Some(*position),
            _ => None,
        }
    }
}
