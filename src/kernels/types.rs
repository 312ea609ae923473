//! Element types, mirroring `shaders/prelude/types.wgsl`.

use crate::cpu::types::{nearest, pack};
use crate::kernel::words_of;

/// 32-bit floats.
pub(crate) const TYPE_F32: u32 = 0;
/// 16-bit floats of IEEE 754.
pub(crate) const TYPE_F16: u32 = 1;
/// The upper halves of 32-bit floats.
pub(crate) const TYPE_BF16: u32 = 2;

/// Elements from row to row: rows of 16-bit elements begin at whole words.
pub(crate) fn stride(dim: u32, element: u32) -> u32 {
    if element == TYPE_F32 { dim } else { dim.next_multiple_of(2) }
}

/// Values as words, rounded to the nearest.
pub(crate) fn packed(values: &[f32], element: u32) -> Vec<u32> {
    if element == TYPE_F32 {
        return words_of(values);
    }
    let mut words = vec![0; values.len().div_ceil(2)];
    pack(values, &mut words, |value, _| nearest(value, element));
    words
}
