//! Table parts.

use crate::kernel::shared_struct;

shared_struct! {
    /// Rows of one table that lie in one window, in the order of their keys.
    Part {
        /// Key of the first row, and number of rows.
        key_first: u32,
        rows: u32,
        /// What noise is made of: the number of the first row and of its first column, and numbers from row to row.
        row_first: u32,
        row_step: u32,
        column_first: u32,
        /// Element of the first row in the window's weights, and elements from row to row.
        base: u32,
        stride: u32,
        /// The same for words of its optimizer state.
        state_base: u32,
        state_stride: u32,
        dim: u32,
        /// What this table's random numbers are made of in this step.
        random: u32,
    }
}

/// Terms of a row are summed in pieces of this many.
pub(crate) const PIECE: u32 = 32;
/// And pieces in groups of this many terms.
pub(crate) const GROUP: u32 = PIECE * PIECE;

/// A term: element of the gradient, and the factor's bits.
pub(crate) type Term = [u32; 2];

/// The last part that begins at or before a key.
#[inline(always)]
pub(crate) fn find_part(parts: &[Part], key: u32) -> &Part {
    &parts[parts.partition_point(|part| part.key_first <= key).saturating_sub(1)]
}

/// Threads for a row: a power of two up to 16, the width of the fixed sum over a row.
pub(crate) fn lanes_for(dim: u32) -> u32 {
    dim.div_ceil(4).next_power_of_two().min(16)
}

/// A variant of a kernel that finds its rows by their keys, for elements of `$width` values.
macro_rules! by_key {
    ($name:literal, $width:literal, $body:literal) => {
        $crate::kernel::Variant {
            name: $name,
            shape: $crate::kernel::Shape::Any,
            workgroup: 64,
            constants: &[("WIDTH", $width)],
            sources: $crate::kernel::fragments![
                "prelude/grid.wgsl",
                "prelude/width.wgsl",
                concat!("prelude/elem_", $name, ".wgsl"),
                "prelude/find_part.wgsl",
                $body
            ],
        }
    };
}

pub(crate) use by_key;
