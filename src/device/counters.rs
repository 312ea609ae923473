//! What a context has asked of its device.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often a context has done what costs time on the host, since it was made: from
/// [`Context::counters`](super::Context::counters).
///
/// Differences tell what a step costs: one that is repeated with batches of about the same size makes no bind
/// groups, and one upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Submissions, and work put into callers' encoders.
    pub submissions: u64,
    /// Dispatches of kernels.
    pub dispatches: u64,
    /// Bind groups that were made and not found among those of before; none on the CPU.
    pub bind_groups: u64,
    /// Writes from the host: what a submission uploads together counts once, and not at all on the CPU.
    pub uploads: u64,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    submissions: AtomicU64,
    dispatches: AtomicU64,
    bind_groups: AtomicU64,
    uploads: AtomicU64,
}

impl Counting {
    pub(crate) fn submission(&self, dispatches: usize, uploads: usize) {
        self.submissions.fetch_add(1, Ordering::Relaxed);
        self.dispatches.fetch_add(dispatches as u64, Ordering::Relaxed);
        self.uploads.fetch_add(uploads as u64, Ordering::Relaxed);
    }

    pub(crate) fn upload(&self) {
        self.uploads.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bind_group(&self) {
        self.bind_groups.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Counters {
        Counters {
            submissions: self.submissions.load(Ordering::Relaxed),
            dispatches: self.dispatches.load(Ordering::Relaxed),
            bind_groups: self.bind_groups.load(Ordering::Relaxed),
            uploads: self.uploads.load(Ordering::Relaxed),
        }
    }
}
