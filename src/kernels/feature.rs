//! The descriptors that bag kernels share, with the constants of `shaders/prelude/pooling.wgsl` and
//! `status.wgsl`.

use crate::kernel::shared_struct;

/// [`Feature::pooling`]: the sum of a bag's rows.
pub(crate) const POOL_SUM: u32 = 0;
/// [`Feature::pooling`]: their mean.
pub(crate) const POOL_MEAN: u32 = 1;
/// [`Feature::pooling`]: every row for itself.
pub(crate) const POOL_NONE: u32 = 2;
/// [`Feature::pooling`]: the largest value of each column.
pub(crate) const POOL_MAX: u32 = 3;

/// No position, no id.
pub(crate) const NONE: u32 = u32::MAX;
/// The row of a raw id that is the padding id: none of any table. Where [`NONE`] stands for a row of zeros,
/// this one does not.
pub(crate) const PADDED: u32 = NONE - 1;

shared_struct! {
    /// One feature of a batch as one dispatch sees it: where its bags, its part of the table and its output
    /// lie.
    Feature {
        /// First thread of the dispatch that works for this feature.
        work_begin: u32,
        /// Its bags are index * batch .. (index + 1) * batch.
        index: u32,
        /// Threads for a bag.
        lanes: u32,
        dim: u32,
        /// Rows of the whole table: ids from there on are skipped, like the padding id.
        rows: u32,
        padding: u32,
        pooling: u32,
        /// The rows window_first .. window_first + window_rows lie in this dispatch's window, from this
        /// element on, with that many elements from row to row.
        window_first: u32,
        window_rows: u32,
        window_base: u32,
        window_stride: u32,
        /// 1: this dispatch writes the output, 0: it adds to what earlier windows wrote.
        initial: u32,
        /// Element of the output (or of its gradient) where the feature begins, and elements from row to row.
        out_base: u32,
        out_stride: u32,
        /// The sort key of the table's row 0.
        key_base: u32,
        /// What lies before the feature's ids in the batch and belongs to other dispatches: taken from the
        /// positions of its keys.
        shift: u32,
    }
}

impl Feature {
    /// Whether an id is an error. `NONE` is no row of any table, and as a padding it means that there is
    /// none.
    pub(crate) fn out_of_range(&self, id: u32) -> bool {
        id >= self.rows && (id != self.padding || id == NONE)
    }

    /// Whether an id stands for no row: out of range, or the padding id.
    pub(crate) fn absent(&self, id: u32) -> bool {
        id >= self.rows || id == self.padding
    }
}

shared_struct! {
    /// What the checks of a device batch found.
    Status {
        bad_position: u32,
        bad_offset: u32,
        skipped: u32,
        feature: u32,
        example: u32,
        value: u32,
        previous: u32,
        checked: u32,
    }
}

/// The word of a [`Status`] that counts the ids that are skipped.
pub(crate) const SKIPPED: u32 = 2;
const _: () = assert!(std::mem::offset_of!(Status, skipped) == SKIPPED as usize * 4);

impl Status {
    /// Nothing wrong. What was not checked yet is all zeros, as new memory is: no batch, for every kernel.
    pub(crate) const CLEAN: Self = Self {
        bad_position: NONE,
        bad_offset: NONE,
        skipped: 0,
        feature: 0,
        example: 0,
        value: 0,
        previous: 0,
        checked: 1,
    };

    /// Those that a device wrote.
    pub(crate) fn of(words: &[u32]) -> Self {
        *bytemuck::from_bytes(bytemuck::cast_slice(words))
    }

    /// Whether operations on the batch must do nothing.
    pub(crate) fn refused(&self) -> bool {
        self.bad_position != NONE || self.bad_offset != NONE
    }
}
