//! Scratch memory that is used again.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Buffer, Context, Repr};
use crate::Result;

/// What scratch memory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Used {
    /// Storage of kernels.
    Work,
    /// What is uploaded, parameters too.
    Uploads,
}

/// Free scratch buffers by size class, in the order in which they were made: the first of them is taken, so
/// that equal steps get equal memory whatever the order in which it came back.
type Free = HashMap<(Used, u64), BTreeMap<u64, Buffer>>;

/// The scratch memory of a context.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: Mutex<Free>,
    /// How many buffers were made.
    made: AtomicU64,
    /// Bytes of all scratch buffers, in use and free.
    bytes: AtomicU64,
}

impl Pool {
    fn free(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Gives the free buffers back to the device.
    pub(crate) fn release(&self) {
        let freed: u64 = self.free().drain().map(|((_, size), buffers)| size * buffers.len() as u64).sum();
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
    used: Used,
    /// Which of the pool's buffers it is.
    number: u64,
    size: u64,
    /// That nobody else may have it, whenever that is.
    forgone: AtomicBool,
}

impl Scratch {
    pub(crate) fn take(ctx: &Context, label: &'static str, size: u64, used: Used) -> Result<Self> {
        let pool = ctx.pool();
        let class = match used {
            Used::Work => size_class(size).min(ctx.limits().buffer),
            // bound part by part
            Used::Uploads => size_class(size),
        };
        let free = pool.free().get_mut(&(used, class)).and_then(BTreeMap::pop_first);
        let (number, whole) = match free {
            Some(known) => known,
            None => {
                let buffer = ctx.allocate_for(label, class, used)?;
                pool.bytes.fetch_add(buffer.size(), Ordering::Relaxed);
                (pool.made.fetch_add(1, Ordering::Relaxed), buffer)
            }
        };
        if cfg!(debug_assertions) {
            spoil(&whole);
        }
        Ok(Self { ctx: ctx.clone(), whole, used, number, size, forgone: AtomicBool::new(false) })
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
        let class = (self.used, self.whole.size());
        self.ctx.pool().free().entry(class).or_default().insert(self.number, self.whole.clone());
    }
}

/// Overwrites memory of the CPU, so that tests find what reads it before anything was written.
fn spoil(buffer: &Buffer) {
    if let Repr::Cpu(memory) = &buffer.repr {
        bytemuck::cast_slice_mut::<u32, u8>(&mut memory.write()).fill(0xa5);
    }
}

/// Sizes are rounded up to one of two classes per power of two, at least 256 bytes.
pub(crate) fn size_class(size: u64) -> u64 {
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
