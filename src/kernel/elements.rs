//! Element types, mirroring `shaders/prelude/types.wgsl`.

/// 32-bit floats.
pub(crate) const TYPE_F32: u32 = 0;
/// 16-bit floats of IEEE 754.
pub(crate) const TYPE_F16: u32 = 1;
/// The upper halves of 32-bit floats.
pub(crate) const TYPE_BF16: u32 = 2;

/// Codes of 8 bits; the elements of rows of codes are words.
pub(crate) const TYPE_INT8: u32 = 3;
/// Codes of 4 bits.
pub(crate) const TYPE_INT4: u32 = 4;
/// Codes of 2 bits.
pub(crate) const TYPE_INT2: u32 = 5;

/// Bits of a column.
pub(crate) const fn bits(element: u32) -> u32 {
    match element {
        TYPE_F32 => 32,
        TYPE_F16 | TYPE_BF16 => 16,
        TYPE_INT8 => 8,
        TYPE_INT4 => 4,
        _ => 2,
    }
}

/// Words of a row's scale and bias, before its codes.
pub(crate) const fn header_words(element: u32) -> u32 {
    match element {
        TYPE_INT8 => 2,
        TYPE_INT4 | TYPE_INT2 => 1,
        _ => 0,
    }
}

/// Elements from row to row: rows of 16-bit elements begin at whole words, and the elements of codes are
/// words.
pub(crate) fn stride(dim: u32, element: u32) -> u32 {
    match element {
        TYPE_F32 => dim,
        TYPE_F16 | TYPE_BF16 => dim.next_multiple_of(2),
        _ => header_words(element) + dim.div_ceil(32 / bits(element)),
    }
}
