//! Sorting, prefix sums, and what distinct keys there are.

pub(crate) mod scan_apply;
pub(crate) mod scan_reduce;
pub(crate) mod segment_heads;
pub(crate) mod select_count;
pub(crate) mod select_digit;
pub(crate) mod sort_count;
pub(crate) mod sort_scan;
pub(crate) mod sort_scatter;
pub(crate) mod top_k;
pub(crate) mod top_k_order;
pub(crate) mod unique_rows;
