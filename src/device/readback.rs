//! Data on its way from the device to the host.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytemuck::Pod;

use super::{Backend, Checks, Context};
use crate::{Error, Result};

/// Data that a submission reads back.
///
/// [`Readback::wait`] blocks. It is also a future; natively it completes only while someone polls the wgpu
/// device, so without such a thread use `wait`.
#[derive(Debug)]
pub struct Readback<T> {
    state: Arc<ReadbackState>,
    checks: Checks,
    data: PhantomData<T>,
}

#[derive(Debug)]
pub(crate) struct ReadbackState {
    ctx: Option<Context>,
    inner: Mutex<Progress>,
    finished: Condvar,
}

#[derive(Debug, Default)]
struct Progress {
    index: Option<wgpu::SubmissionIndex>,
    staging: Option<wgpu::Buffer>,
    done: Option<Result<Vec<u8>>>,
    waker: Option<Waker>,
}

impl ReadbackState {
    pub(crate) fn new(ctx: &Context) -> Self {
        Self { ctx: Some(ctx.clone()), inner: Mutex::default(), finished: Condvar::new() }
    }

    /// For those who wait for the device themselves.
    pub(crate) fn detached() -> Self {
        Self { ctx: None, inner: Mutex::default(), finished: Condvar::new() }
    }

    /// Blocks until the device has called back; it has done its work, but the thread that polled it, which
    /// may be another one, may not have come to the call yet.
    pub(crate) fn settle(&self) {
        let inner = self.lock();
        drop(self.finished.wait_while(inner, |inner| inner.done.is_none()));
    }

    /// The bytes, once they are here.
    pub(crate) fn take(&self) -> Option<Result<Vec<u8>>> {
        self.lock().done.take()
    }

    /// What is behind an error of the device.
    fn explained(&self, error: Error) -> Error {
        match (error, self.ctx.as_ref().map(Context::backend)) {
            (Error::Device { operation, message }, Some(Backend::Gpu(gpu))) => {
                gpu.failed(&operation, message)
            }
            (error, _) => error,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn submitted(&self, index: wgpu::SubmissionIndex, staging: wgpu::Buffer) {
        let mut inner = self.lock();
        (inner.index, inner.staging) = (Some(index), Some(staging));
    }

    /// Called by the device when the staging buffer is mapped.
    pub(crate) fn mapped(&self, staging: &wgpu::Buffer, result: Result<(), wgpu::BufferAsyncError>) {
        let data = result.map_err(|error| Error::device("readback", error)).and_then(|()| {
            staging
                .get_mapped_range(..)
                .map(|view| view.to_vec())
                .map_err(|error| Error::device("readback", format!("{error:?}")))
        });
        staging.unmap();
        self.finish(data);
    }

    pub(crate) fn finish(&self, data: Result<Vec<u8>>) {
        let mut inner = self.lock();
        inner.done = Some(data);
        self.finished.notify_all();
        if let Some(waker) = inner.waker.take() {
            waker.wake();
        }
    }
}

impl<T: Pod> Readback<T> {
    pub(crate) fn new(state: Arc<ReadbackState>, checks: Checks) -> Self {
        Self { state, checks, data: PhantomData }
    }

    /// Blocks until the data is here.
    ///
    /// # Errors
    /// [`Error::IdOutOfRange`] or [`Error::Offsets`] if a device batch of the recorder was bad,
    /// [`Error::Device`] if the device failed, [`Error::InvalidArgument`] if the recorder was never
    /// submitted.
    pub fn wait(self) -> Result<Vec<T>> {
        let index = self.state.lock().index.take();
        if let (Some(Backend::Gpu(gpu)), Some(index)) = (self.state.ctx.as_ref().map(Context::backend), index)
        {
            gpu.wait(index, None)?;
            self.state.settle();
        }
        match self.take() {
            Some(result) => result,
            None => Err(Error::invalid("readback", "a submitted recorder", "one that was never submitted")),
        }
    }

    fn take(&self) -> Option<Result<Vec<T>>> {
        let bytes = self.state.take()?.map_err(|error| self.state.explained(error));
        Some(self.checks.run().and(bytes).map(|bytes| bytemuck::pod_collect_to_vec(&bytes)))
    }
}

impl<T: Pod + Unpin> Future for Readback<T> {
    type Output = Result<Vec<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.take() {
            return Poll::Ready(result);
        }
        self.state.lock().waker = Some(cx.waker().clone());
        // the device may have finished between the two locks
        self.take().map_or(Poll::Pending, Poll::Ready)
    }
}
