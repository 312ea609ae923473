//! Work that the device has.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use super::Report;
use crate::Result;

/// Work that was handed to the device.
///
/// [`Submission::wait`] blocks, [`Submission::poll`] does not. It is also a future; natively it completes
/// only while someone polls the wgpu device, so without such a thread use the other two.
#[must_use = "errors of device batches show only when it is waited for"]
#[derive(Debug)]
pub struct Submission {
    report: Arc<Report>,
}

impl Submission {
    pub(super) fn new(report: Arc<Report>) -> Self {
        Self { report }
    }

    /// Blocks until the work is done.
    ///
    /// # Errors
    /// [`Error::IdOutOfRange`](crate::Error::IdOutOfRange) or [`Error::Offsets`](crate::Error::Offsets) if a
    /// device batch in it was bad (its operations have then written nothing),
    /// [`Error::Device`](crate::Error::Device) if the device failed,
    /// [`Error::Stale`](crate::Error::Stale) if it was [encoded](super::Recorder::encode) and submitted after
    /// what it writes had moved.
    pub fn wait(self) -> Result<()> {
        self.report.wait()?;
        self.report.check()
    }

    /// [`Submission::wait`] for at most `timeout`.
    ///
    /// # Errors
    /// As [`Submission::wait`], and [`Error::Timeout`](crate::Error::Timeout).
    pub fn wait_timeout(self, timeout: Duration) -> Result<()> {
        self.report.wait_timeout(timeout)?;
        self.report.check()
    }

    /// Whether the work is done, without waiting for it and without a further submission.
    ///
    /// # Errors
    /// As [`Submission::wait`], once it is done; each call gives them again.
    pub fn poll(&self) -> Result<bool> {
        if !self.report.is_done()? {
            return Ok(false);
        }
        self.report.check().map(|()| true)
    }
}

impl Future for Submission {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        self.report.poll(task).map(|()| self.report.check())
    }
}
