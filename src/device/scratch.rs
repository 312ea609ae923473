//! Scratch memory that is used again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Buffer, Context, Repr};
use crate::Result;

/// Free scratch buffers by size class.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: Mutex<HashMap<u64, Vec<Buffer>>>,
    /// Bytes of all scratch buffers, in use and free.
    bytes: AtomicU64,
}

impl Pool {
    fn free(&self) -> MutexGuard<'_, HashMap<u64, Vec<Buffer>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Gives the free buffers back to the device.
    pub(crate) fn release(&self) {
        let freed: u64 = self.free().drain().map(|(size, buffers)| size * buffers.len() as u64).sum();
        self.bytes.fetch_sub(freed, Ordering::Relaxed);
    }
}

/// A scratch buffer; goes back to the pool when dropped.
///
/// A recorder drops its scratch when it submits, and so do the commands of a recorder that use lent memory.
/// That is early enough: the queue runs submissions in order, so a later one that gets the same memory comes
/// after this one.
#[derive(Debug)]
pub(crate) struct Scratch {
    ctx: Context,
    whole: Buffer,
    size: u64,
    /// That nobody else may have it, whenever that is.
    forgone: AtomicBool,
}

impl Scratch {
    pub(crate) fn take(ctx: &Context, pool: &Pool, label: &'static str, size: u64) -> Result<Self> {
        let class = size_class(size).min(ctx.limits().buffer);
        let free = pool.free().get_mut(&class).and_then(Vec::pop);
        let whole = match free {
            Some(buffer) => buffer,
            None => {
                let buffer = ctx.allocate(label, class)?;
                pool.bytes.fetch_add(buffer.size(), Ordering::Relaxed);
                buffer
            }
        };
        if cfg!(debug_assertions) {
            spoil(&whole);
        }
        Ok(Self { ctx: ctx.clone(), whole, size, forgone: AtomicBool::new(false) })
    }

    /// Whether its memory is of the class of `size`.
    pub(crate) fn fits(&self, size: u64) -> bool {
        size_class(size).min(self.ctx.limits().buffer) == self.whole.size()
    }

    /// The same memory, for something that fits.
    pub(crate) fn resized(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// Keeps it out of the pool: work that nobody has heard of may still write to it.
    pub(crate) fn forgo(&self) {
        self.forgone.store(true, Ordering::Relaxed);
    }

    /// The memory; its content is whatever the last user left.
    pub(crate) fn buffer(&self) -> Buffer {
        self.whole.part(0, self.size)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if *self.forgone.get_mut() {
            self.ctx.pool().bytes.fetch_sub(self.whole.size(), Ordering::Relaxed);
            return;
        }
        self.ctx.pool().free().entry(self.whole.size()).or_default().push(self.whole.clone());
    }
}

/// Overwrites memory of the CPU, so that tests find what reads it before anything was written.
fn spoil(buffer: &Buffer) {
    if let Repr::Cpu(memory) = &buffer.repr {
        bytemuck::cast_slice_mut::<u32, u8>(&mut memory.write()).fill(0xa5);
    }
}

/// Sizes are rounded up to one of two classes per power of two, at least 256 bytes.
fn size_class(size: u64) -> u64 {
    let size = size.max(256);
    let power = size.next_power_of_two();
    if size <= power / 4 * 3 { power / 4 * 3 } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_waste_little() {
        for size in [1, 255, 256, 257, 384, 385, 1000, 1 << 20, (1 << 20) + 1] {
            let class = size_class(size);
            assert!(class >= size && class <= (size.max(256)) * 3 / 2, "{size} -> {class}");
        }
    }

    #[test]
    fn a_dropped_buffer_is_used_again() {
        let ctx = Context::cpu();
        let first = ctx.scratch("a", 1000).unwrap();
        let memory = first.buffer();
        drop(first);
        assert!(ctx.scratch("b", 900).unwrap().buffer().same_memory(&memory));
        assert_eq!(ctx.scratch_bytes(), 1024);
    }

    #[test]
    fn lent_memory_goes_back_with_its_last_clone() {
        let ctx = Context::cpu();
        let lent = ctx.lend("a", 1000).unwrap();
        let part = lent.part(16, 8);
        drop(lent);
        assert!(!ctx.lend("b", 1000).unwrap().same_memory(&part));
        let mut rec = crate::Recorder::new(&ctx);
        rec.clear(&part);
        drop(part);
        assert_eq!(ctx.scratch_bytes(), 2048);
        ctx.release_scratch();
        assert_eq!(ctx.scratch_bytes(), 1024, "a command that has not run holds it");
        rec.run().unwrap();
        ctx.release_scratch();
        assert_eq!(ctx.scratch_bytes(), 0);
    }

    #[test]
    fn what_is_in_use_is_not_released() {
        let ctx = Context::cpu();
        let used = ctx.scratch("a", 1000).unwrap();
        drop(ctx.scratch("b", 1000).unwrap());
        assert_eq!(ctx.scratch_bytes(), 2048);
        ctx.release_scratch();
        assert_eq!(ctx.scratch_bytes(), 1024);
        drop(used);
        ctx.release_scratch();
        assert_eq!(ctx.scratch_bytes(), 0);
    }
}
