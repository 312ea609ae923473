//! Sparse gradients.

pub(crate) mod add_rows;
pub(crate) mod join_status;
pub(crate) mod row_terms;
pub(crate) mod segment_gradient;
