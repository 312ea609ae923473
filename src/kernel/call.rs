//! What a CPU twin is called with: the same bindings, parameters and variant as the shader.

use bytemuck::{AnyBitPattern, NoUninit, Pod};

/// One binding as the twin sees it.
#[derive(Debug)]
pub(crate) enum Slot<'a> {
    Read(&'a [u32]),
    Write(&'a mut [u32]),
    Taken,
}

/// One call of a CPU twin.
#[derive(Debug)]
pub struct Call<'a> {
    /// The index of the variant.
    pub variant: usize,
    pub(crate) params: &'a [u8],
    pub(crate) slots: Vec<Slot<'a>>,
}

impl<'a> Call<'a> {
    pub(crate) fn params<P: AnyBitPattern>(&self) -> P {
        bytemuck::pod_read_unaligned(&self.params[..size_of::<P>()])
    }

    /// The binding at `index`, read only.
    ///
    /// Takes the slot: each binding is asked for once, so that a twin can hold several at a time. A twin that asks twice is
    /// wrong, whatever its input, and every case of its kernel stops there.
    pub(crate) fn read<T: Pod>(&mut self, index: usize) -> &'a [T] {
        match std::mem::replace(&mut self.slots[index], Slot::Taken) {
            Slot::Read(words) => bytemuck::cast_slice(words),
            Slot::Write(words) => bytemuck::cast_slice(words),
            Slot::Taken => unreachable!("the twin asks for binding {index} twice"),
        }
    }

    /// The binding at `index`, for writing; takes the slot like [`Call::read`].
    pub(crate) fn write<T: Pod>(&mut self, index: usize) -> &'a mut [T] {
        match std::mem::replace(&mut self.slots[index], Slot::Taken) {
            Slot::Write(words) => bytemuck::cast_slice_mut(words),
            Slot::Read(_) => unreachable!("the twin writes binding {index}, which is declared as read"),
            Slot::Taken => unreachable!("the twin asks for binding {index} twice"),
        }
    }
}

/// Any plain data as 32-bit words.
pub(crate) fn words_of<T: NoUninit>(data: &[T]) -> Vec<u32> {
    bytemuck::pod_collect_to_vec(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(slots: Vec<Slot<'_>>) -> Call<'_> {
        Call { variant: 0, params: &[], slots }
    }

    #[test]
    #[should_panic(expected = "asks for binding 0 twice")]
    fn a_binding_is_asked_for_once() {
        let mut call = call(vec![Slot::Read(&[1])]);
        assert_eq!(call.read::<u32>(0), [1]);
        call.read::<u32>(0);
    }

    #[test]
    #[should_panic(expected = "writes binding 0, which is declared as read")]
    fn what_is_declared_as_read_is_not_written() {
        call(vec![Slot::Read(&[1])]).write::<u32>(0);
    }
}
