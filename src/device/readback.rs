//! Data on its way from the device to the host.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use bytemuck::Pod;

use super::Report;
use super::arriving::Arriving;
use crate::Result;

/// Data that a submission reads back.
///
/// [`Readback::wait`] blocks. It is also a future; natively it completes only while someone polls the wgpu
/// device, so without such a thread use `wait`.
#[derive(Debug)]
pub struct Readback<T> {
    bytes: Arc<Arriving>,
    report: Arc<Report>,
    data: PhantomData<T>,
}

impl<T: Pod> Readback<T> {
    pub(super) fn new(bytes: Arc<Arriving>, report: Arc<Report>) -> Self {
        Self { bytes, report, data: PhantomData }
    }

    /// Blocks until the data is here.
    ///
    /// # Errors
    /// As [`Submission::wait`](super::Submission::wait), and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the recorder was never submitted.
    pub fn wait(self) -> Result<Vec<T>> {
        self.report.wait()?;
        self.bytes.settle();
        self.take()
    }

    fn take(&self) -> Result<Vec<T>> {
        self.report.check()?;
        let bytes = self.bytes.take().unwrap_or_else(|| Err("the data was taken before".to_owned()));
        let bytes = bytes.map_err(|message| self.report.failed("readback", &message))?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }
}

impl<T: Pod + Unpin> Future for Readback<T> {
    type Output = Result<Vec<T>>;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        self.bytes.wake(task.waker());
        if self.report.poll(task).is_pending() || !self.bytes.is_here() {
            return Poll::Pending;
        }
        Poll::Ready(self.take())
    }
}
