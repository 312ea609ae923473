//! The descriptors that bag kernels share: mirrors `shaders/prelude/feature.wgsl` and `status.wgsl`.

use crate::kernel::params;

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

params! {
    /// One feature of a batch as one dispatch sees it.
    Feature {
        work_begin: u32,
        index: u32,
        lanes: u32,
        dim: u32,
        rows: u32,
        padding: u32,
        pooling: u32,
        window_first: u32,
        window_rows: u32,
        window_base: u32,
        window_stride: u32,
        initial: u32,
        out_base: u32,
        out_stride: u32,
        key_base: u32,
        shift: u32,
    }
}

impl Feature {
    /// Whether an id is an error. `NONE` is no row of any table, and as a padding it means that there is none.
    pub(crate) fn out_of_range(&self, id: u32) -> bool {
        id >= self.rows && (id != self.padding || id == NONE)
    }

    /// Whether an id stands for no row: out of range, or the padding id.
    pub(crate) fn absent(&self, id: u32) -> bool {
        id >= self.rows || id == self.padding
    }
}

params! {
    /// What the checks of a device batch found.
    Status {
        bad_position: u32,
        bad_offset: u32,
        skipped: u32,
        feature: u32,
        example: u32,
        value: u32,
        previous: u32,
        reserved: u32,
    }
}

/// The word of a [`Status`] that counts the ids that are skipped.
pub(crate) const SKIPPED: u32 = 2;
const _: () = assert!(std::mem::offset_of!(Status, skipped) == SKIPPED as usize * 4);

impl Status {
    /// Nothing wrong.
    pub(crate) const CLEAN: Self = Self {
        bad_position: NONE,
        bad_offset: NONE,
        skipped: 0,
        feature: 0,
        example: 0,
        value: 0,
        previous: 0,
        reserved: 0,
    };

    /// Not checked yet.
    pub(crate) const UNCHECKED: Self = Self { bad_offset: NONE - 1, ..Self::CLEAN };

    /// Whether operations on the batch must do nothing.
    pub(crate) fn refused(&self) -> bool {
        self.bad_position != NONE || self.bad_offset != NONE
    }
}
