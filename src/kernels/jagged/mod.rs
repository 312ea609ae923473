//! Jagged tensors.

pub(crate) mod bucket_keys;
pub(crate) mod bucket_offsets;
pub(crate) mod dense_to_jagged;
pub(crate) mod gather_columns;
pub(crate) mod gather_words;
pub(crate) mod jagged_to_dense;
pub(crate) mod segment_copy;
pub(crate) mod segment_lengths;
pub(crate) mod segment_sum;
