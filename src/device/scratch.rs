//! Scratch memory that is used again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Buffer, Context};
use crate::Result;

/// Free scratch buffers by size class.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: Mutex<HashMap<u64, Vec<Buffer>>>,
}

/// A scratch buffer; goes back to the pool when dropped.
///
/// A recorder drops its scratch when it submits. That is early enough: the queue runs submissions in order,
/// so a later one that gets the same memory comes after this one.
#[derive(Debug)]
pub(crate) struct Scratch {
    ctx: Context,
    whole: Buffer,
    size: u64,
}

impl Scratch {
    pub(crate) fn take(ctx: &Context, pool: &Pool, label: &'static str, size: u64) -> Result<Self> {
        let class = size_class(size).min(ctx.limits().buffer);
        let free =
            pool.free.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&class).and_then(Vec::pop);
        let whole = match free {
            Some(buffer) => buffer,
            None => ctx.allocate(label, class)?,
        };
        Ok(Self { ctx: ctx.clone(), whole, size })
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

    /// The memory; its content is whatever the last user left.
    pub(crate) fn buffer(&self) -> Buffer {
        self.whole.part(0, self.size)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut free = self.ctx.pool().free.lock().unwrap_or_else(PoisonError::into_inner);
        free.entry(self.whole.size()).or_default().push(self.whole.clone());
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
    }
}
