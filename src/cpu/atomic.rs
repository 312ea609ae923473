//! Writes to places that the compiler cannot see to be disjoint.

use std::sync::atomic::{AtomicU32, AtomicU64};

/// The same words, writable through shared references.
///
/// Relaxed stores are plain stores on every processor, and unlike writes through raw pointers they stay
/// defined even if two tasks should meet.
pub(crate) fn as_atomic(words: &mut [u32]) -> &[AtomicU32] {
    let words: *mut [u32] = words;
    #[allow(unsafe_code, reason = "the standard library's `from_mut_slice` is not stable yet")]
    // SAFETY: `AtomicU32` has the size, alignment and bit validity of `u32`, and the exclusive borrow lasts
    // as long as the shared one that takes its place.
    unsafe {
        &*(words as *const [AtomicU32])
    }
}

/// [`as_atomic`] for pairs of words, each of which is written at once. Memory of a binding begins at a multiple
/// of their size.
pub(crate) fn pairs_as_atomic(pairs: &mut [[u32; 2]]) -> &[AtomicU64] {
    let pairs: *mut [u64] = bytemuck::cast_slice_mut(pairs);
    #[allow(unsafe_code, reason = "the standard library's `from_mut_slice` is not stable yet")]
    // SAFETY: `AtomicU64` has the size and bit validity of `u64`, and the alignment where it differs was checked
    // by the cast; the exclusive borrow lasts as long as the shared one that takes its place.
    unsafe {
        &*(pairs as *const [AtomicU64])
    }
}
