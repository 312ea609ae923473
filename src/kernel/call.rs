//! What a CPU twin is called with: the same bindings, parameters and variant as the shader.

use bytemuck::{AnyBitPattern, NoUninit};

use super::Stored;

/// The memory of one binding.
#[derive(Debug)]
pub(crate) enum Slot<'a> {
    Read(&'a [u32]),
    Write(&'a mut [u32]),
}

/// One call of a CPU twin. Each twin has a view of it, with its bindings by name: see `interface!`, which
/// alone reads this.
#[derive(Debug)]
pub struct Call<'a> {
    /// The index of the variant.
    pub variant: usize,
    pub(crate) params: &'a [u8],
    pub(crate) slots: std::vec::IntoIter<Slot<'a>>,
}

impl<'a> Call<'a> {
    pub(crate) fn params<P: AnyBitPattern>(&self) -> P {
        bytemuck::pod_read_unaligned(&self.params[..size_of::<P>()])
    }

    /// The next binding, read only.
    pub(crate) fn read<T: Stored + ?Sized>(&mut self) -> &'a T {
        match self.slots.next() {
            Some(Slot::Read(words)) => T::of(words),
            Some(Slot::Write(words)) => T::of(words),
            None => unreachable!("more bindings than are declared"),
        }
    }

    /// The next binding, for writing.
    pub(crate) fn write<T: Stored + ?Sized>(&mut self) -> &'a mut T {
        match self.slots.next() {
            Some(Slot::Write(words)) => T::of_mut(words),
            Some(Slot::Read(_)) | None => unreachable!("the slots are made from the same declaration"),
        }
    }
}

/// Any plain data as 32-bit words.
pub(crate) fn words_of<T: NoUninit>(data: &[T]) -> Vec<u32> {
    bytemuck::pod_collect_to_vec(data)
}
