//! The step of an optimizer, from the ids of a batch to updated rows.

pub(crate) mod occurrences;
pub(crate) mod row_update;
pub(crate) mod segment_partials;
pub(crate) mod stamp_rows;
