//! Cuts a matrix into blocks of columns that tasks may write at the same time.

use std::marker::PhantomData;
use std::ops::Range;

/// Some columns of some rows of a matrix.
pub(crate) struct Columns<'a, T> {
    first: *mut T,
    rows: usize,
    stride: usize,
    width: usize,
    matrix: PhantomData<&'a mut [T]>,
}

#[allow(unsafe_code, reason = "blocks of columns interleave in memory, which slices cannot say")]
// SAFETY: like the exclusive slices that it stands for: no other block has its elements.
unsafe impl<T: Send> Send for Columns<'_, T> {}

impl<'a, T> Columns<'a, T> {
    /// Cuts `matrix`, whose rows begin `stride` elements apart (the last may end early), at ranges of columns
    /// that must ascend without overlap.
    pub(crate) fn split(
        matrix: &'a mut [T],
        stride: usize,
        ranges: impl IntoIterator<Item = Range<usize>>,
    ) -> Vec<Self> {
        let (first, len) = (matrix.as_mut_ptr(), matrix.len());
        let rows = len.div_ceil(stride);
        let mut before = 0;
        let cut = |range: Range<usize>| {
            assert!(before <= range.start && range.start <= range.end && range.end <= stride, "{range:?}");
            assert!(rows == 0 || (rows - 1) * stride + range.end <= len, "{range:?} of the last row");
            before = range.end;
            // within the matrix, as the last row reaches beyond it
            let first = first.wrapping_add(range.start);
            Self { first, rows, stride, width: range.len(), matrix: PhantomData }
        };
        ranges.into_iter().map(cut).collect()
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// A few rows at a time, with the number of the first.
    pub(crate) fn chunks(self, rows: usize) -> impl Iterator<Item = (usize, Self)> {
        (0..self.rows).step_by(rows).map(move |row| {
            let first = self.first.wrapping_add(row * self.stride);
            (row, Self { first, rows: rows.min(self.rows - row), ..self })
        })
    }

    /// One row's columns.
    #[inline(always)]
    pub(crate) fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.rows);
        #[allow(unsafe_code, reason = "blocks of columns interleave in memory, which slices cannot say")]
        // SAFETY: the block's rows lie within the matrix that it was cut from and that stays borrowed; `split` and
        // `chunks` gave no element to two blocks, and this one is borrowed exclusively.
        unsafe {
            std::slice::from_raw_parts_mut(self.first.add(row * self.stride), self.width)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_belongs_to_one_block() {
        let mut matrix = [0.0f32; 13];
        // rows of 5, the last one ends after the third column
        let blocks = Columns::split(&mut matrix, 5, [0..1, 1..1, 1..3]);
        for (k, (_, mut piece)) in blocks.into_iter().flat_map(|block| block.chunks(2)).enumerate() {
            for row in 0..piece.rows() {
                piece.row(row).iter_mut().for_each(|value| *value += (k + 1) as f32);
            }
        }
        assert_eq!(matrix, [1.0, 5.0, 5.0, 0.0, 0.0, 1.0, 5.0, 5.0, 0.0, 0.0, 2.0, 6.0, 6.0]);
    }

    #[test]
    #[should_panic(expected = "0..2")]
    fn blocks_that_overlap_are_refused() {
        Columns::split(&mut [0.0; 10], 5, [1..3, 0..2]);
    }
}
