//! Writes to places that the compiler cannot see to be disjoint.

use std::sync::atomic::AtomicU32;

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
