//! Bytes on their way from the device to the host.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Bytes that the device hands over when it has done what it was given.
#[derive(Debug, Default)]
pub(crate) struct Arriving {
    inner: Mutex<Progress>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Progress {
    /// The bytes, or the device's words if they cannot be had.
    bytes: Option<Result<Vec<u8>, String>>,
    wakers: Vec<Waker>,
}

impl Arriving {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn arrive(&self, bytes: Result<Vec<u8>, String>) {
        self.lock().bytes = Some(bytes);
        self.arrived.notify_all();
        self.rouse();
    }

    /// Called by the device when the staging buffer is mapped. It is for this one use and is not unmapped:
    /// wgpu panics if its device was destroyed in the meantime.
    pub(super) fn mapped(&self, staging: &wgpu::Buffer, result: Result<(), wgpu::BufferAsyncError>) {
        let bytes = result.map_err(|error| error.to_string()).and_then(|()| {
            let view = staging.get_mapped_range(..).map_err(|error| format!("{error:?}"))?;
            Ok(view.to_vec())
        });
        self.arrive(bytes);
    }

    pub(crate) fn is_here(&self) -> bool {
        self.lock().bytes.is_some()
    }

    /// Blocks until the device has called back; it has done its work, but the thread that polled it, which
    /// may be another one, may not have come to the call yet.
    pub(crate) fn settle(&self) {
        let inner = self.lock();
        drop(self.arrived.wait_while(inner, |inner| inner.bytes.is_none()));
    }

    /// Wakes a task when they are here.
    pub(crate) fn wake(&self, waker: &Waker) {
        let mut inner = self.lock();
        if inner.bytes.is_some() {
            waker.wake_by_ref();
        } else if !inner.wakers.iter().any(|known| known.will_wake(waker)) {
            inner.wakers.push(waker.clone());
        }
    }

    /// Wakes all who wait.
    pub(crate) fn rouse(&self) {
        let wakers = std::mem::take(&mut self.lock().wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The bytes, once they are here; the first who asks gets them.
    pub(crate) fn take(&self) -> Option<Result<Vec<u8>, String>> {
        self.lock().bytes.take()
    }

    /// Looks at the bytes, if they are here.
    pub(crate) fn look<T>(&self, look: impl FnOnce(Result<&[u8], &str>) -> T) -> Option<T> {
        let inner = self.lock();
        let bytes = inner.bytes.as_ref()?;
        Some(look(bytes.as_deref().map_err(String::as_str)))
    }
}
