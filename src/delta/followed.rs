//! What tables that serve know of the model that they follow.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The model that rows are of, and its step that they are of.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) model: String,
    step: AtomicU32,
    /// Held while rows are replaced, or all of them read.
    rows: Mutex<()>,
}

impl Followed {
    pub(crate) fn new(model: String, step: u32) -> Self {
        Self { model, step: AtomicU32::new(step), rows: Mutex::default() }
    }

    pub(crate) fn step(&self) -> u32 {
        self.step.load(Ordering::Acquire)
    }

    /// The rows are those of this step now.
    pub(crate) fn reached(&self, step: u32) {
        self.step.store(step, Ordering::Release);
    }

    /// Until this is dropped, rows stay as they are.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
