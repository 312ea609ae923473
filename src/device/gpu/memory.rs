//! A wgpu buffer, and what is kept of it elsewhere.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::bind_groups::BindGroups;

/// A wgpu buffer that belongs to a context, with a number of its own.
#[derive(Debug)]
pub(crate) struct GpuMemory {
    pub(crate) buffer: wgpu::Buffer,
    pub(super) id: u64,
    /// Whether it is from the pool of scratch memory: then what is bound of it is a whole size class, so that
    /// equal steps on slightly longer batches bind the same. (No shader asks how long a binding is.)
    pub(super) pooled: bool,
    /// Those that hold it must go with it.
    groups: Weak<BindGroups>,
}

impl GpuMemory {
    pub(super) fn new(buffer: wgpu::Buffer, pooled: bool, groups: &Arc<BindGroups>) -> Arc<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { buffer, id, pooled, groups: Arc::downgrade(groups) })
    }
}

impl Drop for GpuMemory {
    fn drop(&mut self) {
        if let Some(groups) = self.groups.upgrade() {
            groups.forget(self.id);
        }
    }
}
