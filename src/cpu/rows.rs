//! How rows of tables are read, as a parameter of the loops that pool them.

use bytemuck::Pod;

use super::format::Format;
use super::row_codes::Codes;
use super::simd::{Cache, prefetch, prefetch_span};

/// Reads columns of rows of one type.
pub(crate) trait Rows: Copy + Send + Sync {
    type Element: Pod + Send + Sync;

    /// `N` columns of the row that begins at an element, if it is whole.
    fn values<const N: usize>(self, rows: &[Self::Element], row: usize, column: usize) -> Option<[f32; N]>;

    /// Asks for the cache lines of `N` columns.
    fn prefetch<const N: usize>(self, rows: &[Self::Element], row: usize, column: usize, into: Cache);

    /// Bytes that `N` columns take in memory.
    fn bytes<const N: usize>(self) -> usize;
}

impl<F: Format> Rows for F {
    type Element = F::Element;

    #[inline(always)]
    fn values<const N: usize>(self, rows: &[F::Element], row: usize, column: usize) -> Option<[f32; N]> {
        rows.get(row + column..)?.first_chunk().map(|elements| Format::values(self, elements))
    }

    #[inline(always)]
    fn prefetch<const N: usize>(self, rows: &[F::Element], row: usize, column: usize, into: Cache) {
        prefetch(rows, row + column, N, into);
    }

    #[inline(always)]
    fn bytes<const N: usize>(self) -> usize {
        size_of::<[F::Element; N]>()
    }
}

impl<const BITS: u32> Rows for Codes<BITS> {
    type Element = u32;

    #[inline(always)]
    fn values<const N: usize>(self, rows: &[u32], row: usize, column: usize) -> Option<[f32; N]> {
        Codes::values(self, rows, row, column)
    }

    #[inline(always)]
    fn prefetch<const N: usize>(self, rows: &[u32], row: usize, column: usize, into: Cache) {
        // as if scale and bias lay in front of all columns
        let first = row + column / Self::COLUMNS;
        match BITS {
            8 if N == 64 => prefetch_span::<18, _>(rows, first, into),
            4 if N == 64 => prefetch_span::<9, _>(rows, first, into),
            8 => prefetch_span::<6, _>(rows, first, into),
            _ => prefetch_span::<3, _>(rows, first, into),
        }
    }

    #[inline(always)]
    fn bytes<const N: usize>(self) -> usize {
        N * BITS as usize / 8 + 4
    }
}

/// Binds a way of reading rows to the type that a kernel's parameters name, and goes on with it.
macro_rules! with_rows {
    ($element:expr, $rows:ident => $then:expr) => {
        match $element {
            $crate::kernel::elements::TYPE_INT8 => {
                let $rows = $crate::cpu::row_codes::Codes::<8>;
                $then
            }
            $crate::kernel::elements::TYPE_INT4 => {
                let $rows = $crate::cpu::row_codes::Codes::<4>;
                $then
            }
            $crate::kernel::elements::TYPE_INT2 => {
                let $rows = $crate::cpu::row_codes::Codes::<2>;
                $then
            }
            element => $crate::cpu::format::with_format!(element, $rows => $then),
        }
    };
}

pub(crate) use with_rows;
